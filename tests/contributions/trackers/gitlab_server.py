"""A small GitLab: issues and merge requests by REST, as anybody sees them."""

import re
from urllib.parse import quote, unquote

import httpx2

PATH = re.compile(r"/api/v4/projects/([^/]+)/(issues|merge_requests)/([0-9]+)(/approvals|/notes\\?.*)?")


class GitLabServer:
    """`things`: by (project path, part, number). `asked`: paths of the requests, with escapes as they came.

    `notes` and `approved_by` are those of all things. `moved`: where projects went, by the path that they had.
    """

    def __init__(self, url):
        self.url = url
        self.things = {}
        self.asked, self.asked_by_token = [], []
        self.notes, self.approved_by, self.moved = [], [], {}
        self.transport = httpx2.MockTransport(self.answer)

    def add(self, part, number, title="Sharper edges", *, project="tools/deep/lens", **values):
        thing = {
            "id": 7000 + number, "iid": number, "title": title, "state": "opened", "author": {"username": "ada"},
            "created_at": "2026-11-10T08:00:00.123Z", "updated_at": "2026-11-20T08:00:00.000+02:00", "closed_at": None,
            "labels": ["bug"], "user_notes_count": 3,
        }  # fmt: skip
        if part == "merge_requests":
            thing |= {"draft": False, "merged_at": None, "has_conflicts": False, "head_pipeline": {"status": "success"}}
        self.things[project, part, number] = thing | values
        return f"{self.url}/{project}/-/{part}/{number}"

    def answer(self, request):
        path = request.url.raw_path.decode()
        self.asked.append(path)
        found = PATH.fullmatch(path)
        project = unquote(found[1]) if found else ""
        if project in self.moved:
            location = path.replace(found[1], quote(self.moved[project], safe=""))
            return httpx2.Response(301, headers={"location": f"{self.url}{location}"})
        thing = self.things.get((project, found[2], int(found[3]))) if found else None
        if thing is None:
            return httpx2.Response(404, json={"message": "404 Not found"})
        if not (found[4] or "").startswith("/notes"):
            assert "private-token" not in request.headers
            return httpx2.Response(200, json={"approved_by": self.approved_by} if found[4] else thing)
        self.asked_by_token.append(path)
        if request.headers.get("private-token") != "glpat-secret":
            return httpx2.Response(401, json={"message": "401 Unauthorized"})
        return httpx2.Response(200, json=self.notes if path.endswith("asc") else self.notes[::-1])
