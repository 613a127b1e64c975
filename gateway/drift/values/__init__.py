"""The values wing tells what an answer contradicts of what is stored or was said."""
