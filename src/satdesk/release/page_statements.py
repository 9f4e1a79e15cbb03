"""Statements on the page: what is stated, what readers answered and what they looked at, apart."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import quote

from satdesk.core.statement import AskedStatement, Outcome, Question, ReaderAnswer
from satdesk.release.content import Content
from satdesk.release.dates import format_acquisition
from satdesk.release.evidence import evidence_path
from satdesk.release.language import Language
from satdesk.release.page_html import Html, el, join
from satdesk.release.press import press_dates
from satdesk.release.wording import Day, Number, Phrase, Words

__all__ = ["statements_html"]


def statements_html(content: Content, words: Language) -> Html | None:
    """The three parts; None where the release has no statements."""
    if not content.statements:
        return None
    numbered = tuple(enumerate(content.statements, 1))
    return join(
        (
            el("p", words.say("statements_note"), class_="kind"),
            el("h3", words.say("statements_stated")),
            *(_stated(number, each, content, words) for number, each in numbered),
            el("h3", words.say("statements_answered")),
            el("dl", *(row for n, each in numbered for row in _answers(n, each, content, words))),
            el("h3", words.say("statements_evidence")),
            el("ul", *_evidence(content, words), class_="evidence"),
        )
    )


def _stated(number: int, asked: AskedStatement, content: Content, words: Language) -> Html:
    said = asked.statement
    ends = (format_acquisition(at, content.time_zone, words) for at in (said.start, said.end))
    start, end = (Phrase(at.day if at.local is None else at.prose) for at in ends)
    source = words.say("statement_source", publisher=Words(said.publisher), day=Day(said.published))
    return el(
        "figure",
        el("blockquote", el("p", f"“{said.text}”"), lang=said.language, dir="auto"),
        el(
            "figcaption",
            _number(number, words),
            ". ",
            el("a", source, href=said.address, rel="noreferrer noopener"),
            ". ",
            words.say("statement_period", start=start, end=end),
        ),
        id=f"statement-{number}",
    )


def _number(number: int, words: Language) -> str:
    return words.say("statement_number", number=Number(Decimal(number)))


def _answers(
    number: int, asked: AskedStatement, content: Content, words: Language
) -> Iterator[Html]:
    for question in asked.questions:
        title = words.say(
            "statement_at",
            number=Number(Decimal(number)),
            site=Words(_title(question.site, content, words)),
        )
        told = [el("strong", words.capitalised(_outcome(question, words))), "."]
        if question.gap is not None:
            told += [" ", words.say(f"gap_{question.gap.value.replace('-', '_')}")]
        readers = [el("li", _reader(each, words)) for each in question.published]
        yield el(
            "div",
            el("dt", title),
            el("dd", el("p", *told), el("ul", *readers) if readers else None),
        )


def _outcome(question: Question, words: Language) -> str:
    if question.outcome is Outcome.AGREED:
        return words.say("outcome_agreed", answer=Phrase(_answer(question.answers[0], words)))
    return words.say(f"outcome_{question.outcome.value.replace('-', '_')}")


def _answer(given: ReaderAnswer, words: Language) -> str:
    return words.say(f"answer_{given.answer.value.replace('-', '_')}")


def _reader(given: ReaderAnswer, words: Language) -> str:
    return words.say(
        "reader_answer",
        reader=Words(given.reader),
        answer=Phrase(_answer(given, words)),
        reason=Words(given.reason),
    )


def _evidence(content: Content, words: Language) -> Iterator[Html]:
    """Each site with a link to its picture of each date, or that there is none to be shown."""
    public = {i.id: i for i in press_dates(content) if i.licence.press is not False}
    days = {image.id: image.acquisition.day for image in content.dates}
    questions = [question for each in content.statements for question in each.questions]
    for site in dict.fromkeys(question.site for question in questions):
        dates = next(question.dates for question in questions if question.site == site)
        title = _title(site, content, words)
        shown = [date for date in dates if date in public]
        links = [
            el(
                "a",
                words.say("evidence_of", site=Words(title), day=Day(days[date])),
                href=f"./{quote(evidence_path(site, public[date]))}",
                type="image/jpeg",
            )
            for date in shown
        ]
        none = f"{title}: {words.say('evidence_none')}"
        yield el("li", *_parted(links)) if links else el("li", none)


def _parted(links: list[Html]) -> Iterator[str]:
    for number, link in enumerate(links):
        if number:
            yield " · "
        yield link


def _title(site: str, content: Content, words: Language) -> str:
    return next((words.title_of(s.names) for s in content.sites if s.id == site), site)
