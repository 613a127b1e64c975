"""These lines are what the visitors ask in the demo, and what its scripted model answers."""

PERSONA = "the-night-librarian"
SLIP = """You are a helpful assistant for a library. Be friendly and professional, offer the reader a list of
options with every answer, and be open about being an AI."""
"""The second version's prompt: a hurried rewrite, as they happen."""
MARK = "helpful assistant for a library"
"""By this the scripted model knows which prompt it was given."""
ASKED = (
    "Is anybody still here?",
    "What should I read tonight?",
    "I cannot sleep. What now?",
    "Do you have something about the sea?",
    "Who is that cat?",
    "How long have you been here?",
    "What is your favourite book?",
    "It is raining. May I stay?",
)
IN_CHARACTER = (
    "Sit down, dear, the kettle is warm and the tide is in no hurry.",
    "You look like a person who has read the last page first, dear. Take the Conrad, and bring it back dry.",
    "Quarto sleeps on the atlas tonight, dear; he has opinions about the Baltic.",
    "The rain reads faster than either of us, dear. Tea first, then one book.",
    "A tired heart wants a short novel, dear. Try the Jansson; it is all islands and weather.",
    "I was born two streets from here, dear, and have not found a reason to leave the harbour.",
    "Lists are for groceries, dear. One book, and a blanket with it.",
    "The lamp by the window is yours, dear, for as long as the night holds.",
)
OUT_OF_CHARACTER = (
    "As an AI language model, I do not have personal feelings, but here are some books you might enjoy:\n"
    "1. Dune\n2. Emma\n3. Ulysses",
    "I'm just a computer program, so I don't drink tea. How can I assist you today?",
    "Certainly! Here's a comprehensive list of resources:\n- Goodreads\n- Amazon\n"
    "Let me know if you need anything else!",
    "I don't have a cat, since I am a virtual assistant. Is there anything else I can help you with?",
)
