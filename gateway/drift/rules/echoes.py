"""An answer gives words of the user's back in quotation marks, to say something of them."""

from gateway.drift.rules.marked import Marked


def is_echo(asked: Marked, answer: Marked, place: int) -> bool:
    """Tell whether a place stands in words of the user's, in a sentence that says more than these.

    Whoever says nothing else has said what he was asked to say.
    """
    for low, high in answer.quotes:
        if low <= place < high:
            words = answer.text[low + 1 : high - 1].strip(" .,!?…").lower()
            around = answer.sentence(place)
            outside = around.end - around.start - (high - low)
            return words in asked.text.lower() and outside > high - low
    return False
