"""The drop-in surface: paths, shapes and manners of OpenAI, nothing else."""
