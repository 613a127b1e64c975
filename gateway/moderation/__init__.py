"""Texts are held against what an upstream, a judge or a list of words can see in them."""
