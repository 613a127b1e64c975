"""Work that outlives the process which does it: what waits, who does it, and how it ends."""
