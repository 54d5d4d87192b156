"""What people wrote in the weeks of the demonstration."""

#: Title, announcement, before, after.
WEEKS = (
    (
        "Arrive",
        "Welcome. This week is for meeting each other and for getting the project to run. **Nothing needs to be finished.**",
        "- Join your cohort's channel\n- Say when you have time",
        "- The tests of your project run on your machine",
    ),
    (
        "Find something small",
        "Look around in the issues. A small one that you understand beats a big one that looks good.",
        "",
        "- One issue that you would like to try\n- A question asked in public",
    ),
    (
        "Open it early",
        "A draft pull request is a conversation. Open it before you think that it is ready.",
        "- Read how your project wants pull requests to look",
        "- A first draft, however small",
    ),
    (
        "Learn from the review",
        "Reviews are how this trade is taught. Answer each comment, if only with “done”. **Half-way:** we ask you how it is going.",
        "",
        "- Every comment has an answer\n- Somebody else's pull request has one from you",
    ),
    ("Help somebody else", "You know things now that you did not know in week 1. Somebody needs exactly those.", "", ""),
    ("Say good-bye, and go on", "What stays open is followed for twelve weeks more. So are you: stay in the channel.", "", ""),
)

CHANNEL, CHANNEL_NAME = "https://chat.example.org/venus", "#team-venus"
ABOUT = "We meet on **Wednesdays at 17:00 UTC** and write in the channel in between.\n\nQuestions are welcome at any hour; answers come when somebody is awake."
REACH = {
    "member": "@amara in the channel, evenings",
    "navigator": "@nadia in the channel; a call by arrangement",
    "captain": "@caleb in the channel, any time for anything",
}

#: From whom (navigator, captain, mate), text: answers to check-ins, one after the other.
REPLIES = (
    ("navigator", "That is a good first week. `./runtests.py -k name` saves you minutes each time."),
    ("mate", "I had the same trouble. Shall we look at it together?"),
    ("captain", "Thank you for writing this down. How was the week besides the code?"),
    ("navigator", "Yes, ask it in public. The maintainers like questions that come with a failing test."),
    ("mate", "Congratulations!"),
    ("navigator", "Nicely put. Could you say the same in the issue? It would help whoever comes next."),
)

AGENDA = "1. How is everybody?\n2. One thing that went well, one that did not\n3. What does each of you need until next week?"
NOTES = (
    "Everybody has the project running. Jun had trouble with the database: solved together.",
    "Tomas could not come. Leila showed how she found her issue. We agreed to ask questions in the channel first.",
    "Amara's first pull request is merged. Next: everybody reviews one of somebody else.",
)
PRIVATE_NOTE = (
    "Sleeps badly because of the move. Wants to stay, with less. **Agreed:** one small thing a week, and no stand-up next week."
)
SHARED_NOTE = "Would like to try a review together with somebody before doing one alone."

#: Title, text, whether it is shared, number of the week.
LEARNING = (
    (
        "A failing test is a question",
        "I did not know how to describe what was wrong, so I wrote a test that fails. The maintainer understood it at once.\n\n"
        "> “Thank you for the test: that saved me half an hour.”",
        True,
        2,
    ),
    (
        "Reading a traceback from the bottom",
        "The last line says *what*, the lines above say *how we got there*. I always began at the top and gave up.",
        False,
        3,
    ),
    ("", "Small pull requests are reviewed on the same day. My big one waits since last week.", True, 4),
)

#: How comfortable at the start, with the help that they hoped for.
START = ((2, 3, "One merged pull request."), (1, 2, "To dare to ask."), (3, 4, "To know how reviews work."), (2, 2, ""))
#: In the middle: comfort, pace (its place among the choices), help, words, only for organisers.
MIDDLE = (
    (3, 1, 4, "More time to talk about how we read code.", ""),
    (3, 2, 3, "", "Two of the meetings are at midnight for me."),
    (4, 1, 5, "Nothing: it is good as it is.", ""),
    (2, 1, 3, "Smaller first issues.", ""),
)
#: At the end of the finished session: comfort, more comfortable (choice), welcome, goes on, words.
END = (
    (4, 0, 5, True, "That somebody read what I wrote, each week."),
    (4, 1, 5, True, "The stand-ups."),
    (3, 1, 4, True, "To see how others got stuck as well."),
    (5, 0, 5, True, "Pairing."),
    (3, 2, 4, False, ""),
)

ANNOUNCED = (
    "Half-way: how is it going?",
    "You are in the middle of the session. Three things:\n\n- The half-way questions take three minutes, and they change what we do.\n"
    "- **Resting is allowed.** One press, no reason.\n- On Thursday somebody who was where you are tells how it went on.",
)
ANNOUNCED_LATER = (
    "The last two weeks",
    "Two weeks are left. Nothing new has to begin now: finish what is small, hand over what is not, and help somebody.",
)

FAREWELLS = (
    (
        "I fixed how filters survive a bulk action, and rewrote a page of the documentation that had confused me.",
        "That I asked a question in public, and it was a good one.",
        "Everybody who answered at two in the morning.",
    ),
    ("Two small fixes and five reviews.", "The reviews. I thought that I had nothing to say.", "My navigator, for the patience."),
    ("One pull request, which took all six weeks.", "I did not give up.", "The people of my cohort."),
    ("Tests for a part that had none.", "Somebody used them a week later.", "The maintainers, who were quick."),
)
TESTIMONIALS = (
    "Six weeks ago I was afraid of asking. Now strangers ask me.",
    "I came for the pull request and stayed for the people.",
    "Nobody counted anything, and I did more than ever.",
)

TRAINING = (
    ("", "Read the code of conduct", "Ten minutes. Think of one situation in which you would use it.", "/code-of-conduct/"),
    ("navigator", "Walk through a pull request of your project", "From the fork to the merge, as your members will.", ""),
    ("navigator", "Practise a first meeting", "With another navigator, half an hour: who asks what, and who listens.", ""),
    ("captain", "Read how to listen", "Two pages, and a conversation with a captain of last time.", ""),
)
#: Role, questions: label, kind, required.
VOLUNTEER_QUESTIONS = (
    ("navigator", "Which project would you like to navigate in, and how well do you know it?", "long_text", True),
    ("navigator", "Have you mentored somebody before?", "yes_no", False),
    ("captain", "What would you like to be for people in these weeks?", "long_text", True),
)
OFFERS = (
    ("navigator", "submitted", "Lantern: I have two commits a month since three years, mostly in the admin."),
    ("navigator", "submitted", "Tidewater. I was in a cohort last time, and somebody answered every question of mine."),
    ("captain", "submitted", "Somebody whom one can tell that the week was bad."),
)

#: What stands beside the names of those to whom people may turn.
CONTACT_LINES = {
    "captain": "Supports members as people. Leads no project.",
    "organiser": "Organises the session.",
    "admin": "Runs this site, and is in no session.",
}
CONCERN_HAPPENED = "In the chat of the cohort, twice last week"
CONCERN = (
    "When I ask something in the chat I get answers like “this is in the first chapter of the docs”. I do not think that it is meant "
    "badly, but I have stopped asking, and I believe that I am not the only one. I do not want anybody to get into trouble."
)
CONCERN_ANSWER = (
    "Thank you for telling me. You did nothing wrong by asking. I will talk about how we answer in the chat at the next stand-up, without "
    "naming anybody. Write here at any time if it goes on."
)
