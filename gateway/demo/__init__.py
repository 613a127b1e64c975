"""`persona demo` plays honest traffic in front of somebody who has no key and no account yet."""
