"""Ensembles: several personas in one scene."""
