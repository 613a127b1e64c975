"""The drop-in surface has the paths, shapes and manners of OpenAI's API, and nothing else."""
