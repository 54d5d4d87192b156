"""What a screen reader makes of a page: from the tree that the browser gives it, and from what changes in regions that are live."""

from playwright.sync_api import Page

#: Keeps what is said: text that comes into a region that was there before, and alerts that are new. A region that comes together with
#: its text is not read out by all screen readers, so it does not count.
LISTEN = """(() => {
  const live = '[aria-live=polite], [aria-live=assertive], [role=status], [role=alert], [role=log]';
  window.said = [];
  const hear = (one) => { const words = one.textContent.replace(/\\s+/g, ' ').trim(); if (words) window.said.push(words); };
  new MutationObserver((changes) => {
    if (document.readyState === 'loading') return;
    for (const {target, addedNodes} of changes) {
      const region = (target.nodeType === 1 ? target : target.parentElement)?.closest(live);
      if (region) hear(region);
      else for (const one of addedNodes) if (one.nodeType === 1) [one, ...one.querySelectorAll('*')].filter((each) => each.matches('[role=alert]')).forEach(hear);
    }
  }).observe(document, {subtree: true, childList: true, characterData: true});
})();"""
#: What has the focus, as a screen reader says it. Needs Chromium's ComputedAccessibilityInfo, see `conftest.py`.
FOCUSED = """() => {
  const one = document.activeElement;
  // Of native controls that have no ARIA role of their own (a summary, a date) the browser tells none.
  const role = one.computedRole || (one.matches('summary, input, iframe') && one.localName);
  return one === document.body || [role, one.computedName.trim(), one.outerHTML.slice(0, 120)];
}"""
#: Pills are words, not colours alone; what can be reached with Tab is something.
UNSAID = """() => [
  ...[...document.querySelectorAll('.pill')].filter((one) => one.checkVisibility() && !one.computedName && !one.textContent.trim()),
  ...[...document.querySelectorAll('[tabindex="0"]')].filter((one) => one.checkVisibility() && !(one.computedRole && one.computedName)),
].map((one) => `says nothing: ${one.outerHTML.slice(0, 120)}`)"""
CONTROLS = {
    "button", "checkbox", "combobox", "ColorWell", "Date", "DateTime", "dialog", "DisclosureTriangle", "Iframe", "image", "InputTime",
    "link", "listbox", "menuitem", "meter", "progressbar", "radio", "radiogroup", "searchbox", "slider", "spinbutton", "switch", "tab",
    "textbox",
}  # fmt: skip


def tree(page: Page) -> list[dict]:
    """The nodes that a screen reader meets, in their order: `id`, `role`, `name`, `level` of a heading, `children`."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    found = []
    for node in nodes:
        if node.get("ignored"):
            continue
        level = next((each["value"].get("value") for each in node.get("properties", []) if each["name"] == "level"), None)
        texts = {key: str(node.get(key, {}).get("value", "")).strip() for key in ("role", "name")}
        found.append({"id": node["nodeId"], "parent": node.get("parentId"), "level": level, **texts})
    return found


def heard(page: Page) -> None:
    """Assert that all controls and pictures have a name, headings come in order, tables have headers, and pills are words."""
    nodes = tree(page)
    parents = {node["id"]: node["parent"] for node in nodes}
    wrong = [f"a {node['role']} without a name" for node in nodes if node["role"] in CONTROLS and not node["name"]]
    # While a dialog is open nothing else is there: its heading is the second of the page.
    before = 1
    for node in nodes:
        if node["role"] == "heading":
            if node["level"] > before + 1:
                wrong.append(f"heading {node['level']} after {before}: {node['name']}")
            before = node["level"]
    headed = set()
    for node in nodes:
        if node["role"] in {"columnheader", "rowheader"}:
            above = node["id"]
            while above is not None:
                headed.add(above)
                above = parents.get(above)
    wrong += [
        f"a table without headers: {node['name']}" for node in nodes if node["role"] == "table" and node["id"] not in headed
    ]
    wrong += page.evaluate(UNSAID)
    assert not wrong, f"{page.url}\n" + "\n".join(wrong)


def said(page: Page, words: str) -> None:
    """Wait until these words were read out."""
    page.wait_for_function("words => window.said.some((each) => each.includes(words))", arg=words)


def name_of_focus(page: Page) -> str:
    """The name of what has the focus; it must have one, and a role. Empty where nothing has it."""
    found = page.evaluate(FOCUSED)
    if found is True:
        return ""
    role, name, markup = found
    assert all((role, name)), f"The focus is on something without a role or a name: {markup}"
    return name
