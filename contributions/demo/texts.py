"""What people wrote in the demonstration: questions, rules, criteria, comments and check-ins."""

from typing import Any

DESCRIPTION = """\
Six weeks in a small cohort, with a navigator who knows the project and a captain who looks after you.
You choose something small, open it early, learn from the review, and help somebody else.

**What you need:** some practice with Python and Git, about four hours a week, and curiosity. You need not have contributed before.

**What you get:** people beside you, a first contribution that you can be proud of, and a community that knows your name.
"""

#: The form: every kind of answer but the email address (the site has that already).
QUESTIONS: tuple[dict[str, Any], ...] = (
    {
        "label": "What would you like to be able to do at the end of the six weeks?",
        "help_text": "Two or three sentences are fine.",
        "kind": "long_text",
        "min_words": 5,
        "max_words": 200,
    },
    {
        "label": "Tell us about something that you learned recently, and how you learned it.",
        "help_text": "It need not be about programming.",
        "kind": "long_text",
        "min_words": 5,
        "max_words": 200,
    },
    {
        "label": "How much have you contributed to open source so far?",
        "kind": "choice",
        "choices": "Never yet\nOne or two small things\nRegularly",
    },
    {
        "label": "What have you used before?",
        "kind": "choices",
        "choices": "Python at work or at home\nGit, with branches\nA framework for the web\nAutomated tests\nTranslations or documentation",
        "required": False,
    },
    {
        "label": "How at ease are you with reading code that somebody else wrote?",
        "kind": "rating",
        "choices": "Not yet\nWith help\nMostly\nIt is what I do",
    },
    {
        "label": "What makes it hard for you to contribute today?",
        "help_text": "Time, language, confidence, anything.",
        "kind": "long_text",
        "required": False,
        "max_words": 150,
    },
    {"label": "Can you give about four hours a week?", "kind": "yes_no"},
    {"label": "How many hours a week, really?", "kind": "number", "at_least": 1, "at_most": 40},
    {"label": "Are you 18 or older on the day when the session begins?", "kind": "yes_no"},
    {
        "label": "Something that you made, if you like to show it",
        "help_text": "A site, a repository, a text. Leave it empty if there is nothing: most have nothing.",
        "kind": "url",
        "required": False,
    },
    {
        "label": "A page about it, if it has no address",
        "help_text": "PDF, picture or text.",
        "kind": "file",
        "required": False,
        "at_most": 2,
    },
    {"label": "Where did you hear about us?", "kind": "short_text", "required": False, "shown_to_reviewers": False},
    {
        "label": "Is there anything that the organisers should know?",
        "kind": "long_text",
        "required": False,
        "max_words": 200,
        "sensitive": True,
        "shown_to_reviewers": False,
    },
)

#: The place of the question by which cohorts are balanced.
EXPERIENCE = 2

#: Question (its place, from 0), condition, value, outcome, reason.
RULES = (
    (
        8,
        "is",
        "no",
        "not_eligible",
        "People who take part are 18 or older, for the insurance of our meetings. You are welcome next time.",
    ),
    (6, "is", "no", "needs_a_look", "Four hours a week are what a cohort rests on. An organiser writes to you about it."),
    (
        7,
        "below",
        "3",
        "needs_a_look",
        "With less than three hours a week it is hard to get to the end. An organiser writes to you about it.",
    ),
)

#: name, help, weight, anchors
CRITERIA = (
    (
        "Readiness",
        "Can this person start in week 1?",
        2,
        "Needs the basics first\nKnows the basics, will need much help\nCan work alone on small things\nReady for anything we have",
    ),
    (
        "Motivation",
        "Do they say why, in their own words?",
        2,
        "No reason given\nA general reason\nA clear reason of their own\nA clear reason and a plan",
    ),
    (
        "Benefit",
        "How much would six weeks change for them?",
        3,
        "Would manage without us\nA little\nA lot\nMay not get another chance like this",
    ),
    ("Time", "Does it fit into their weeks?", 1, "Does not fit\nTight\nFits"),
)

HEARD = ("A talk at a local meet-up", "A friend who took part", "The newsletter", "A post that somebody shared", "")
ANYTHING_ELSE = ("I start a new job in the second month.", "", "", "", "I know one of the navigators from work.")

PRIVATE_COMMENTS = (
    "Writes with care. I would like to have this person in a cohort.",
    "Good answers, little time. Maybe a docs cohort?",
    "Hard to tell from the text; the goal is general.",
    "Strong already: would benefit less, could help others.",
    "The answer about learning convinced me.",
    "",
)
SHAREABLE_COMMENTS = (
    "Thank you: your example showed clearly how you learn.",
    "A more specific goal would make your application stronger next time.",
    "",
    "",
)

#: did, learned, stuck, next
CHECK_INS = (
    ("Set up the project and ran its tests.", "Where the tests live, and how to run one of them.", "", "Pick a first issue."),
    (
        "Read five issues and picked one. Wrote a test that fails.",
        "A failing test is a good way to ask a question.",
        "",
        "Make the test pass.",
    ),
    ("Opened my first pull request.", "Small is faster to review.", "", "Wait for the review and read somebody else's."),
    ("Answered the review and changed two things.", "Why the project prefers the long name.", "", "Look for a second issue."),
    (
        "Paired with my navigator for an hour.",
        "How to read a traceback from the bottom.",
        "How do I run the tests with one database only?",
        "Try it with the other database.",
    ),
    (
        "Rewrote a page of the documentation.",
        "That I am the right person for it: I was confused by it last week.",
        "",
        "Ask for a review.",
    ),
    ("Reviewed a pull request of my cohort.", "Questions are kinder than statements.", "", "Add tests to my own."),
)
