"""Rules say what a persona must and must not do; here they are read, and answers are held against them."""
