"""Worst inputs of every route, beside a paced stream: what they cost others, and what memory they take."""
