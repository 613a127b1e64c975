"""Names are looked for in two ways, by whose they are and by what is asked for, and kept for both."""

import re

from gateway.drift.proper_names import proper_names
from gateway.drift.text import Stretch
from gateway.drift.values.answers import RUN, Answers, Told
from gateway.drift.values.lexicon import Lexicon
from gateway.drift.values.names import Named, Names, run_of
from gateway.drift.values.source import Source
from gateway.drift.values.stated import Stated

_CAPITALIZED = re.compile(r"(?<!\w)[^\W\d_a-zà-ÿ][\w’'-]+")
Found = list[Named | Told]


class Naming:
    """The names of one persona, as they are found in its texts."""

    def __init__(self, own: Lexicon) -> None:
        self._lexicon = own
        self.names = Names(
            capitals_tell=own.capitals_tell,
            run=run_of(proper_names(own.shared.languages).within),
            titles=own.titles,
            naming=own.naming,
            stop=own.shared.stop,
            articles=own.articles,
            leads=own.name_told,
            said=own.name_said,
        )
        self.answers = Answers(
            own.asking,
            own.called,
            own.naming,
            own.titles,
            lying=own.lying,
            stop=own.shared.stop,
            where=own.where,
            whence=own.whence,
            comes=own.comes,
            site=own.site,
            capitals_tell=own.capitals_tell,
        )

    def told(self, source: Source) -> Found:
        """Find the names in prose."""
        told = source.basis, source.text, source.stems, source.denied
        return [*self.names.told(*told), *self.answers.found(*told)]

    def within(self, source: Source, key: str) -> Found:
        """Find the names in a field, which all belong to what the field is called."""
        basis, value, stems = source.basis, source.text, source.stems
        if value[:1].isdecimal():
            return []
        own = [stem for stem, *_ in self._lexicon.read(Stretch(source.named)).stems]
        small = [stem for stem, *_ in self._lexicon.read(Stretch(_CAPITALIZED.sub(" ", value))).stems]
        lead = own[0] if own else ""
        within = self.names.within(basis, key, value, frozenset(own + small))
        return [*within, *self.answers.found(basis, value, [(s, a, 0) for s, a, _ in stems], lead=lead)]

    def instead(self, source: Source, corrected: Stated, key: str) -> Found:
        """Find what stands in a correction, and not in the sentence that it corrects: that is the name.

        Where words run on, or the correction is nothing else, the whole of it is.
        """
        if found := [
            one for one in self.names.within(source.basis, key, source.text, frozenset()) if one.glyphs
        ]:
            return [*found]
        stop, known = self._lexicon.shared.stop, corrected.source.lower()
        for match in RUN.finditer(source.text):
            words = match[0].lower().split()
            if any(one in stop or one in known for one in words):
                continue
            spans, none = (match.span(),), frozenset[str]()
            named = Named(source.basis, none, frozenset(words), spans, runs=(tuple(match[0].split()),))
            return [named, Told(source.basis, none, tuple(words), spans)]
        return []

    def keep(self, named: Named | Told) -> None:
        """Hold answers against a name."""
        if isinstance(named, Named):
            self.names.keep(named)
        else:
            self.answers.keep(named)
