"""What people wrote in the demonstration: questions, criteria, answers, comments and check-ins."""

DESCRIPTION = """\
Six weeks in a small cohort, with a navigator who knows the project and a captain who looks after you.
You choose something small, open it early, learn from the review, and help somebody else.

**What you need:** some practice with Python and Git, about four hours a week, and curiosity. You need not have contributed before.

**What you get:** people beside you, a first contribution that you can be proud of, and a community that knows your name.
"""

#: label, help, kind, required, fewest words, most words, choices, sensitive, shown to reviewers
QUESTIONS = (
    (
        "What would you like to be able to do at the end of the six weeks?",
        "Two or three sentences are fine.",
        "long_text",
        True,
        5,
        200,
        "",
        False,
        True,
    ),
    (
        "Tell us about something that you learned recently, and how you learned it.",
        "",
        "long_text",
        True,
        5,
        200,
        "",
        False,
        True,
    ),
    (
        "How much have you contributed to open source so far?",
        "",
        "choice",
        True,
        None,
        None,
        "Never yet\nOne or two small things\nRegularly",
        False,
        True,
    ),
    (
        "What makes it hard for you to contribute today?",
        "Time, language, confidence, anything.",
        "long_text",
        False,
        None,
        150,
        "",
        False,
        True,
    ),
    ("Can you give about four hours a week?", "", "yes_no", True, None, None, "", False, True),
    ("Where did you hear about us?", "", "short_text", False, None, None, "", False, False),
    (
        "Is there anything that the organisers should know?",
        "Reviewers do not see this.",
        "long_text",
        False,
        None,
        200,
        "",
        True,
        False,
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

GOALS = (
    "I want to fix a bug in a framework that I use every day and understand the review that follows. So far I only read the issues and close the tab again.",
    "I would like to improve documentation first, because I remember what confused me, and then go on to code with somebody who can tell me what to read.",
    "At work I am the only one who writes Python. I want to learn how people review each other and how to ask a good question.",
    "To open a pull request without being afraid of it. I have three branches on my laptop that nobody has ever seen.",
    "I want to work on translations and right-to-left layout, because the software that my family uses is hard to read for them.",
    "My goal is to become somebody who reviews. I think that the best way to get there is to be reviewed well first.",
    "I teach programming at a school and would like to show my students how it really works, by doing it myself and writing about it.",
    "I came back to programming after five years with my children and want to know where I stand, in a place where questions are welcome.",
)
LEARNED = (
    "I learned how database indexes work by making a slow query at work fast. I drew the tree on paper until it made sense.",
    "Git rebase. I broke a repository, found the reflog, and wrote down what each step did.",
    "I learned to bake bread from my neighbour. Watching somebody do it and talking while we waited taught me more than any recipe.",
    "Accessibility: I used our site with a screen reader for a week. It was humbling, and I fixed eleven things.",
    "How time zones change. A reminder went out twice in October and I wanted to know why.",
    "Writing tests first. A colleague paired with me every Thursday, and one day I noticed that I did it without him.",
)
HARD = (
    "Confidence. I am never sure whether a question is stupid.",
    "Time: evenings only, after eight.",
    "English is my third language and reviews are short.",
    "I do not know how to find something small enough.",
    "Long build times on an old laptop.",
    "",
)
HEARD = ("A talk at a local meet-up", "A friend who took part", "The newsletter", "A post that somebody shared", "")
ANYTHING_ELSE = ("I am deaf: captions in calls would help.", "", "", "", "I start a new job in the second month.")

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
