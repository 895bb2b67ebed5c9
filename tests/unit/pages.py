"""Pages in the true formats of the sources, filled with invented papers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from xml.sax.saxutils import escape as xml_escape

HEAD = "new\n\nGet trending papers in your email inbox!\n\nSubscribe\n\nbyAK and the research community\n\n"


@dataclass(frozen=True)
class Invented:
    id: str
    title: str
    abstract: str


PAPERS = (
    Invented(
        "2601.00011",
        "Teapots That Learn: Gradient Brewing for Very Small Kitchens",
        "We study kettles as optimisers. A kettle of width w is shown to boil in O(w log w) steps, which matches the "
        "bound for saucepans. On three kitchens our method, GradBrew, saves 12% of the water, and in blind tastings "
        "it is preferred to hand-tuned tea. Code will be poured at https://example.org/gradbrew.",
    ),
    Invented("2601.00012", "A Short Note on Noodles", "Noodles are long. We make them longer."),
    Invented(
        "2601.00013",
        "Is the Lighthouse All You Need? Attention at Sea with Fog, Gulls and a Very Long Title that Goes on",
        "Lighthouses attend to ships, yet ships seldom attend to lighthouses [7]. We formalise this asymmetry (see "
        "Fig. 2) and prove that two lamps suffice. "
        + "Each lamp turns once per epoch, and fog is modelled as noise. "
        * 9,
    ),
    Invented(
        "2601.00014",
        "μFlour: Low-Rank Dough for β-Bread",
        "Dough has low rank. We factor it into two smaller doughs, Omega(mnd) crumbs each, and bake 4-16times faster. "
        "What is lost? Almost nothing, as ablations over yeast, salt and {scriptsize RYE} show; "
        "the crust stays within sim!0.1% of the full-rank loaf in every oven that we could borrow for the weekend.",
    ),
)
PAIRS = [(paper.title, " ".join(paper.abstract.split())) for paper in PAPERS]


def paragraphs(papers: Sequence[Invented] = PAPERS, day: str = "Mar 11") -> str:
    return HEAD + f"{day}\n\n" + "\n\n".join(f"{paper.title}\n\n{paper.abstract}" for paper in papers)


def lines(papers: Sequence[Invented] = PAPERS) -> str:
    banner = "Get trending papers in your email inbox once a day!\nGet trending papers in your email inbox!\nSubscribe"
    return banner + "\n".join(f"{paper.title}\n{paper.abstract}" for paper in papers) + "\n"


def blocks(papers: Sequence[Invented] = PAPERS) -> str:
    return "".join(
        f"Title: {_broken(paper.title)}\nPDF: https://arxiv.org/pdf/{paper.id}\nSummary: {paper.abstract}\n---\n"
        for paper in papers
    )


MARKDOWN_HEAD = """new

Get trending papers in your email inbox!

[Subscribe](https://huggingface.co/login?next=%2Fpapers)

# Daily Papers

## by [![](https://huggingface.co/a.png)AK](https://huggingface.co/akhaliq) and the research community

- Daily
- Weekly
- Monthly

[Trending Papers](https://huggingface.co/papers/trending)

Oct 2

"""


def inline_markdown(papers: Sequence[Invented] = PAPERS) -> str:
    page = MARKDOWN_HEAD
    for votes, paper in enumerate(papers):
        link, login = _links(paper)
        abstract = paper.abstract.replace(". ", ".\\\\\n")
        page += f"[{votes or '-'}]({login})\n\n### [{paper.title}]({link})\n\n[{abstract}]({link})\n\n"
        page += "[![org](https://cdn.example.org/x.png)Kitchen Lab](https://huggingface.co/kitchen)\n\n"
        page += f"·\n\nMay 29[6]({link}#community)\n\n"
    return page


def numbered_markdown(papers: Sequence[Invented] = PAPERS, table: bool = True) -> str:
    page = "# Daily Papers\n\n## by [AK][3] and the research community\n\nOct 4, 2025\n\n"
    references = {3: "https://huggingface.co/akhaliq"}
    for place, paper in enumerate(papers):
        number = 30 + 4 * place
        link, login = _links(paper)
        references |= {number: login, number + 1: link, number + 2: link}
        page += f"[\n\n-\n\n][{number}]\n\n### [{paper.title}][{number + 1}]\n\n"
        page += f"[\n{wrapped(paper.abstract)}\n][{number + 2}]\n\n* 8 authors\n\n"
    return page + ("".join(f"[{number}]: {link}\n" for number, link in references.items()) if table else "")


def notebook(papers: Sequence[Invented] = PAPERS) -> str:
    page = "Daily Papers\nby\nAK\nhttps://huggingface.co/akhaliq\nand the research community\nOct 2\n"
    for paper in papers:
        link, login = _links(paper)
        page += (
            f"[-] 1\n{login}\n{paper.title}\n{link}\n{paper.abstract}\n{link}\n10 authors\n{link}\n·\nFeb 27, 2025\n"
        )
    return page


def doubled_markdown(papers: Sequence[Invented] = PAPERS) -> str:
    page = "Get trending papers in your email inbox!\n\n## Trending Papers\n\n## by AK and the research community\n\n"
    for paper in papers:
        card = f"### {_broken(paper.title)}\n\n{wrapped(paper.abstract)}\n- 8 authors\n"
        page += 2 * (card + "[LINK: GitHub 11.3k](https://github.com/kitchen/pot)\n\n")
    return page


def paper_page(paper: Invented = PAPERS[0]) -> str:
    return (
        f"Title: Paper page - {paper.title}\n\nURL Source: https://huggingface.co/papers/{paper.id}\n\nMarkdown Content:\n"
        f"Paper page - {paper.title}\n===============\n\n[Papers](https://huggingface.co/papers)\n\narxiv:{paper.id}\n\n"
        f"{paper.title}\n=====\n\nPublished on Jan 5, 2026\n\n[Upvote 33](https://huggingface.co/login?next=x)\n\n- +25\n\n"
        "Authors:\n\n![Image 1](https://huggingface.co/a.svg) [Ada Brewer](https://huggingface.co/ada) ,\n\nBob Kettle\n\n"
        f"Abstract\n--------\n\nA kettle learns.\n\nGenerated by acme/Tiny-Model\n\n{paper.abstract}\n\n"
        "[View arXiv page](https://arxiv.org/abs/2601.00011) [View PDF](https://arxiv.org/pdf/2601.00011)\n\n### Community\n\n"
        "*   [Another Paper of Somebody Else](https://huggingface.co/papers/2308.08784) (2023)\n"
    )


def item(paper: Invented, **more: Any) -> dict[str, Any]:
    inner = {
        "id": paper.id,
        "title": _broken(paper.title),
        "summary": wrapped(paper.abstract),
        "authors": [
            {"name": "Ada Brewer", "hidden": False},
            {"name": "Eve Unseen", "hidden": True},
            {"name": "Bob Kettle"},
        ],
        "publishedAt": "2026-01-03T00:00:00.000Z",
        "submittedOnDailyAt": "2026-01-05T10:01:31.399Z",
        "upvotes": 41,
        "githubRepo": "https://github.com/kitchen/pot",
        "githubStars": 7,
        "projectPage": "javascript:alert(1)",
    }
    return {"paper": inner | more, "publishedAt": "2026-01-02T20:00:00.000Z", "title": paper.title}


def listing_html(papers: Sequence[Invented] = PAPERS, **more: Any) -> str:
    props = {"dateString": "2026-01-05", "dailyPapers": [item(paper) for paper in papers], "periodType": "day"} | more
    return (
        "<!doctype html><html><head><title>Daily Papers - Hugging Face</title>"
        "<script>if (a<b && c=='\"') x();</script></head><body>"
        '<div data-target="MainHeader" data-props="{&quot;dailyPapers&quot;:[]}"></div>'
        '<!-- <div data-target="DailyPapers"> -->'
        f"<div data-props='{escape(json.dumps(props))}'\n class=x data-target=\"DailyPapers\">"
        "<h1>Daily Papers</h1></div></body></html>"
    )


def paper_html(paper: Invented) -> str:
    props = {"paper": item(paper)["paper"], "comments": [{"title": "another"}]}
    data = f'<div data-props="{escape(json.dumps(props))}" data-target="PaperContent"></div>'
    return f'<html>{data}<a href="/papers/2308.08784">Another paper</a></html>'


def cards_html(papers: Sequence[Invented] = PAPERS) -> str:
    cards = "".join(
        f'<article><a href="/papers/{paper.id}"><img src="x.png"></a>'
        f'<h3><a href="/papers/{paper.id}">{escape(paper.title)}</a></h3>'
        f'<p class="line-clamp-2">{escape(paper.abstract)}</p></article>'
        for paper in papers
    )
    return f"<!doctype html><html><head><title>Trending Papers - Hugging Face</title></head><body>{cards}</body></html>"


def rss(papers: Sequence[Invented] = PAPERS, kind: str = "new") -> str:
    items = "".join(
        f"<item><title>{xml_escape(paper.title)}</title><link>https://arxiv.org/abs/{paper.id}</link>"
        f"<description>arXiv:{paper.id}v2 Announce Type: {kind} \nAbstract: {xml_escape(paper.abstract)}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{paper.id}v2</guid><category>cs.CK</category><category>stat.ML</category>'
        f"<pubDate>Mon, 05 Jan 2026 00:00:00 -0500</pubDate><arxiv:announce_type>{kind}</arxiv:announce_type>"
        "<dc:creator>Ada Brewer, Bob Kettle</dc:creator></item>"
        for paper in papers
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel><title>cs.CK updates on arXiv.org</title>'
        f"<link>https://rss.arxiv.org/rss/cs.CK</link><description>x</description>{items}</channel></rss>"
    )


def atom(papers: Sequence[Invented] = PAPERS) -> str:
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{paper.id}v1</id><title>{xml_escape(_broken(paper.title))}</title>"
        f"<updated>2026-01-05T12:00:00Z</updated><published>2026-01-03T12:00:00Z</published>"
        f"<summary>{xml_escape(wrapped(paper.abstract))}</summary><author><name>Ada Brewer</name></author>"
        f'<link href="https://arxiv.org/abs/{paper.id}v1" rel="alternate" type="text/html"/></entry>'
        for paper in papers
    )
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>arXiv Query</title>{entries}</feed>'


def json_feed(papers: Sequence[Invented] = PAPERS) -> str:
    items = [
        {
            "id": paper.id,
            "title": paper.title,
            "content_text": paper.abstract,
            "url": f"https://huggingface.co/papers/{paper.id}",
        }
        for paper in papers
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": items})


def api(papers: Sequence[Invented] = PAPERS) -> str:
    return json.dumps([item(paper) for paper in papers])


LAYOUTS = {
    "paragraphs": paragraphs,
    "lines": lines,
    "blocks": blocks,
    "inline_markdown": inline_markdown,
    "numbered_markdown": numbered_markdown,
    "notebook": notebook,
    "doubled_markdown": doubled_markdown,
    "listing_html": listing_html,
    "cards_html": cards_html,
    "rss": rss,
    "atom": atom,
    "json_feed": json_feed,
    "api": api,
}


def _links(paper: Invented) -> tuple[str, str]:
    return (
        f"https://huggingface.co/papers/{paper.id}",
        f"https://huggingface.co/login?next=%2Fpapers%2F{paper.id}",
    )


def _broken(title: str) -> str:
    """arXiv breaks a long title and indents its second line."""
    words = title.split(" ")
    return " ".join(words[:4]) + ("\n  " + " ".join(words[4:]) if len(words) > 4 else "")


def wrapped(text: str) -> str:
    rows = [""]
    for word in text.split(" "):
        if len(rows[-1]) > 66:
            rows.append(word)
        else:
            rows[-1] += (" " if rows[-1] else "") + word
    return "\n".join(rows)


def arxiv_entry(number: int, abstract: str = "We boil where p &lt; 0.05.") -> str:
    """One entry of a listing page of arXiv."""
    name = f"2611.{number:05d}"
    return f"""<dt>
  <a name='item{number}'>[{number}]</a>
  <a href ="/abs/{name}" title="Abstract" id="{name}">
    arXiv:{name}
  </a>
  [<a href="/pdf/{name}" title="Download PDF" id="pdf-{name}">pdf</a>]
</dt>
<dd><div class='meta'>
  <div class='list-title mathjax'><span class='descriptor'>Title:</span>
    On $\\mu$-Kettles if a &lt; b: {number}
  </div>
  <div class='list-authors'><a href="https://arxiv.org/search/cs?query=B">Ada Brewer</a>, <a href="x">Bob O'Kettle</a></div>
  <div class='list-comments mathjax'><span class='descriptor'>Comments:</span>
    5 pages
  </div>
  <div class='list-subjects'><span class='descriptor'>Subjects:</span>
    <span class="primary-subject">Computing Kettles (cs.CK)</span>; High Energy Physics - Theory (hep-th)
  </div>
  {f"<p class='mathjax'>{abstract}</p>" if abstract else ""}
</div></dd>"""


def arxiv_list() -> str:
    """A listing page of arXiv."""
    entries = "".join(map(arxiv_entry, range(1, 4)))
    head = (
        "<h3>Showing new listings for Thursday, 19 November 2026</h3><h3>New submissions (showing 3 of 3 entries)</h3>"
    )
    return f"<!DOCTYPE html><html><head><title>Kettles</title></head><dl>{head}{entries}</dl></html>"
