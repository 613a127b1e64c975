"""Numbers for operators: workers count in memory that they share, and one process tells the sums."""
