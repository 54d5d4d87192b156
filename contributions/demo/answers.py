"""What applicants answer in the demonstration: put together from pieces, so that sixty applications do not read alike."""

import random
from collections.abc import Sequence
from decimal import Decimal

from cohorts.models import Question

from . import texts

#: Who writes; then what this person wants; then why it has not happened yet.
SITUATIONS = (
    "At work I am the only one who writes Python.",
    "I teach programming at a school.",
    "I came back to programming after five years with my children.",
    "I look after the website of our public library, mostly alone.",
    "I am in the last year of my studies and know the theory better than the practice.",
    "I write data pipelines for a hospital, where nothing that I make is ever seen outside.",
    "For three years I have answered questions in a local user group.",
    "I translate software in my spare time, and read more code than I write.",
    "I changed from nursing to programming two years ago.",
    "I run a small shop and built its site myself, with the tutorial in the other window.",
    "I have used open source for ten years and have never given anything back.",
    "I test software for a living and file a lot of issues, some of them good.",
)
GOALS = (
    "I want to fix a bug in a framework that I use every day, and to understand the review that follows.",
    "I would like to improve documentation first, because I still remember what confused me, and then go on to code.",
    "I want to learn how people review each other, and how to ask a good question.",
    "At the end I would like to open a pull request without being afraid of it.",
    "I want to work on translations and right-to-left layout, because the software that my family uses is hard to read for them.",
    "My goal is to become somebody who reviews. I think that the best way there is to be reviewed well first.",
    "I would like to show others how it really works, by doing it myself and writing about it.",
    "I want to know where I stand, in a place where questions are welcome.",
    "I would like to follow one ticket from its first comment to its release.",
    "I want to help with accessibility, with people who know the admin better than I do.",
)
SO_FAR = (
    "So far I read the issues and close the tab again.",
    "I have three branches on my laptop that nobody has ever seen.",
    "Once I got as far as the contributing guide, and then the test suite did not run.",
    "I opened one pull request two years ago; it was never answered, and I did not dare to ask.",
    "I never know which of the open tickets is small enough.",
    "With somebody who can tell me what to read first, I would begin tomorrow.",
    "I learn best beside other people.",
    "",
)
LEARNED = (
    "I learned how database indexes work by making a slow query at work fast. I drew the tree on paper until it made sense.",
    "Git rebase. I broke a repository, found the reflog, and wrote down what each step did.",
    "I learned to bake bread from my neighbour. Watching somebody do it and talking while we waited taught me more than any recipe.",
    "Accessibility: I used our site with a screen reader for a week. It was humbling, and I fixed eleven things.",
    "How time zones change. A reminder went out twice in October and I wanted to know why.",
    "Writing tests first. A colleague paired with me every Thursday, and one day I noticed that I did it without him.",
    "Regular expressions, by writing a parser for my grandmother’s recipes. The exceptions taught me the most.",
    "I learned to drive at forty. Being bad at something in front of others was the real lesson.",
    "Type hints. I added them to one small module, asked for a review, and rewrote half of it after the comments.",
    "How to read a traceback from the bottom. It sounds small, but I stopped guessing.",
    "Sign language, with an app and then with a friend. The app gave me words and my friend gave me grammar.",
    "Asynchronous code. I made a chat for our club, it lost messages, and I found out why with print statements.",
)
HARD = (
    "Confidence. I am never sure whether a question is stupid.",
    "Time: evenings only, after eight.",
    "English is my third language, and reviews are short.",
    "I do not know how to find something small enough.",
    "Long build times on an old laptop.",
    "I am often the only woman in the room, and get tired of proving myself.",
    "My connection is slow, and cloning takes an hour.",
    "I have a long-term illness: some weeks are good and some are not.",
    "",
    "",
)
TOOLS = (
    "Python at work or at home",
    "Git, with branches",
    "A framework for the web",
    "Automated tests",
    "Translations or documentation",
)
LINKS = ("https://example.net/notes", "https://example.net/library-site", "https://example.net/recipes-parser", "", "", "")
#: What some ask reviewers to know before they read.
CONTENT_WARNINGS = ("Mentions a long illness.", "Mentions the death of somebody close.", "Mentions being bullied at work.")
#: What some need to take part: seen by the organiser who is named for it.
ACCOMMODATIONS = (
    "I am deaf: captions in calls, and notes afterwards, would help.",
    "I cannot be on camera. Text or voice is fine.",
    "I need breaks every thirty minutes.",
    "Large print, please: slides beforehand help me most.",
)


def answers_for(chance: random.Random, questions: Sequence[Question]) -> dict[Question, object]:
    """Values of the questions of `texts.QUESTIONS`, in their order, as they are stored; what was left empty is missing."""
    has_time = chance.random() < 0.93
    goal = " ".join(text for text in (chance.choice(SITUATIONS), chance.choice(GOALS), chance.choice(SO_FAR)) if text)
    values = (
        goal,
        chance.choice(LEARNED),
        chance.choice(questions[2].choice_list),
        sorted(chance.sample(TOOLS, chance.randint(1, 4)), key=TOOLS.index),
        chance.randint(1, 4),
        chance.choice(HARD),
        has_time,
        str(Decimal(chance.choice((4, 4, 5, 6, 8)) if has_time else 2)),
        chance.random() < 0.97,
        chance.choice(LINKS),
        "",
        chance.choice(texts.HEARD),
        chance.choice(texts.ANYTHING_ELSE),
    )
    return {question: value for question, value in zip(questions, values, strict=True) if value != ""}
