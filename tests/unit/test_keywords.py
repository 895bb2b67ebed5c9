"""The keyword language as a reader meets it: canonical texts, refusals with their place, advice, the form field."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.errors import KeywordError, KeywordsError
from service.keywords import LENGTH, LIMIT, And, Keyword, Not, Or, Phrase, advise, parse, parse_all, reread, split
from service.model import Field


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("Low-Rank   Adaptation", "low rank adaptation"),
        ("low rank adaptation", "low rank adaptation"),
        ("low–rank adaptation", "low rank adaptation"),
        ("in-context learning", "in-context learning"),
        ("LoRA", "lora"),
        ("GPS", "GPS"),
        ("muP", "muP"),
        ("$\\mu$P", "muP"),
        ("“Flow-Matching”", '"flow matching"'),
        ('"LoRA"', '"LoRA"'),
        ("GPT-4*", "gpt-4*"),
        ("Poincaré", "poincare"),
        ('Schr\\"{o}dinger', "schrödinger"),
        ("lora -survey", "lora AND NOT survey"),
        ("lora AND NOT (survey OR review)", "lora AND NOT (survey OR review)"),
        ("aa OR bb AND cc", "aa OR bb AND cc"),
        ("(aa OR bb) AND cc", "(aa OR bb) AND cc"),
        ("((aa)) ((bb))", "aa AND bb"),
        ("ti:(aa OR bb)", "ti:aa OR ti:bb"),
        ("Title: mamba", "ti:mamba"),
        ("ti:state space model", "ti:state space model"),
        ('abstract:"flow matching"', 'abs:"flow matching"'),
        ("author:LeCun, Y.", 'au:"y lecun"'),
        ('AU:"Klaus-Robert Müller"', 'au:"klaus-robert müller"'),
        ("cat:cs.LG", 'cat:"cs.lg"'),
        ("-survey", "-survey"),
        ("—survey", "-survey"),
        ("-ti:survey", "-ti:survey"),
        ('-"position paper"', '-"position paper"'),
        ("-(survey OR review)", "-(survey OR review)"),
        ("-survey -review", "-(survey OR review)"),
        ("SingLoRA: Low Rank", "singlora, low rank"),
        ("扩散模型", "扩散模型"),
        ("扩散 模型", "扩散模型"),
        ("（lora OR adapter）", "lora OR adapter"),
        ("model(s)", "model"),
        ("LeCun Y[au]", 'au:"lecun y"'),
        ("-all:survey", "-survey"),
        ("heart attack [Title]", "ti:heart attack"),
    ],
)
def test_equal_spellings_share_one_canonical_text(typed: str, canonical: str) -> None:
    assert parse(typed).canonical == canonical
    assert parse(canonical).canonical == canonical


def test_the_readers_own_spelling_is_kept_for_show() -> None:
    assert parse("  Low-Rank\u00a0 Adaptation ").text == "Low-Rank Adaptation"


def test_words_bind_tightest_then_not_then_and_then_or() -> None:
    low, high, survey, third = (Phrase(text) for text in ("aa bb", "cc", "dd", "ee"))
    assert parse("aa bb AND NOT dd OR cc ee").expression == Or((And((low, Not(survey))), Phrase("cc ee")))
    assert parse("ti:aa bb cc").expression == Phrase("aa bb cc", field=Field.TITLE)
    assert parse("cc OR dd ee").expression == Or((high, Phrase("dd ee")))
    assert parse("cc (dd) ee").expression == And((high, survey, third))


@pytest.mark.parametrize(
    ("typed", "position", "says"),
    [
        ('flow "matching', 6, "unclosed quote at character 6"),
        ("flow “matching", 6, "unclosed quote at character 6"),
        ('$\\mu$P "x', 8, "unclosed quote at character 8"),
        ("(lora OR adapter", 1, "unclosed bracket at character 1"),
        ("lora (", 6, "unclosed bracket"),
        ("lora)", 5, "closing bracket without an opening one"),
        ("lora AND )", 6, "AND needs something after it"),
        ("lora ()", 6, "nothing between the brackets"),
        ('lora ""', 6, "nothing between the quotes"),
        ("lora AND", 6, "AND needs something after it"),
        ("a OR", 3, "OR needs something after it"),
        ("OR lora", 1, "OR needs something before it"),
        ("lora AND OR adapter", 6, "AND needs something after it"),
        ("NOT survey", 1, "-word"),
        ("NOT x", 1, "-word"),
        ("lora OR NOT survey", 9, "nothing to take away from"),
        ("lora OR -survey", 9, "nothing to take away from"),
        ("R", 1, '"R" in quotes'),
        ("lora OR R", 9, "R package"),
        ("ti:R", 4, "one letter"),
        ("di*", 1, "three letters"),
        ("dif*ion", 1, "a star inside a word at character 1; it stands at the end, write dif*"),
        ("lora OR A*B", 9, "as in diffus*"),
        ("AB* search", 1, "write more of the word, as in diffus*"),
        ("a* search", 1, "a name has a capital: A*"),
        ("foo:bar", 1, "unknown field foo:"),
        ("lora foo:bar", 6, "unknown field foo:"),
        ("see https://arxiv.org", 5, "a web address"),
        ("ti:", 1, "ti: without words"),
        ("ti:lora[ab]", 8, "a field inside a field"),
        ("(lora OR adapter)[ti]", 18, "a group has it in front"),
        ("arXiv:2501.12345", 1, "a paper's number"),
        ("ti:-survey", 4, "-ti:survey"),
        ("ti:(au:lecun)", 5, "a field inside a field"),
        ("- survey", 1, "-survey"),
        ("au:y", 4, "an initial without a surname"),
        ("cat:cs.lg diffusion model", 5, "write cat:cs.LG AND diffusion model"),
        ("cat:cs.LG+stat.ML", 5, "write cat:cs.LG AND cat:stat.ML, or cat:(cs.LG OR stat.ML)"),
        ("cat:cs.* or math", 5, "write cat:cs.* AND cat:math, or cat:(cs.* OR math)"),
        ("...", 1, "nothing but punctuation"),
        ("lora\x07", 5, "an unreadable character"),
        ("lora \ud800", 6, "an unreadable character"),
        ("x" * (LENGTH + 1), LENGTH + 1, "at most 300 characters"),
        ("\ufdfa" * 60, None, "1,080 letters"),
        ("(" * 30 + "lora" + ")" * 30, 21, "more than 20 deep"),
        ("-" + "(" * 140 + "lora" + ")" * 140, 21, "deep"),
        ("lora" + " NOT" * 70 + " x", None, "deep"),
    ],
)
def test_a_keyword_that_cannot_be_read_is_refused_with_its_place(typed: str, position: int | None, says: str) -> None:
    with pytest.raises(KeywordError) as caught:
        parse(typed)
    assert says in str(caught.value)
    assert position is None or caught.value.position == position
    assert caught.value.keyword == typed


@pytest.mark.parametrize(
    "typed",
    [
        f"ti:({' OR '.join(f'a{n}' for n in range(42))})",
        f"cat:({' OR '.join(f'c{n}' for n in range(40))})",
        f"-abs:({' OR '.join(f'a{n}' for n in range(42))})",
        "\u00b5" * 290,
        "\ufb03" * 190,
        "\u00bd" * 140,
    ],
    ids=["titles", "categories", "exclusion", "greek", "ligatures", "fractions"],
)
def test_a_canonical_text_longer_than_any_keyword_is_read_again(typed: str) -> None:
    read = parse(typed)
    assert len(read.canonical) > LENGTH
    again = reread(read.canonical)
    assert (again.canonical, again.expression, again.exclusion) == (read.canonical, read.expression, read.exclusion)


@pytest.mark.parametrize("typed", ["", "  ", "\n", "\u200b"])
def test_an_empty_keyword_is_refused(typed: str) -> None:
    with pytest.raises(KeywordError, match="empty"):
        parse(typed)


PIECES = r"""lora low-rank AND OR NOT ( ) " - -x ti: au: cat: cs.LG foo: * dif* R μ $\mu$P \"{o} 扩散 : , “ ” –
(s) ' C++ . \ { }"""
LANGUAGE = st.lists(st.sampled_from([*PIECES.split(), " ", " ", " ", "y lecun", "\n"]), max_size=14).map("".join)


def outcome(typed: str) -> Keyword | KeywordError:
    try:
        return parse(typed)
    except KeywordError as refused:
        return refused


@pytest.mark.parametrize("heap", ["{", "“a\n", "ａ", "a\n"])
def test_a_megabyte_is_split_in_time(heap: str) -> None:
    started = time.process_time()
    split(heap * (1_000_000 // len(heap)))
    assert time.process_time() - started < 4


@given(st.one_of(st.text(max_size=40), LANGUAGE))
@example("-((((")
@example("0¸")
@example("ab¸ c")
@example('"\\"')
@example("ti:ti:ti:")
def test_any_text_is_read_or_refused_and_what_is_read_prints_and_reads_alike(typed: str) -> None:
    read = outcome(typed)
    if isinstance(read, KeywordError):
        assert read.position is None or 1 <= read.position <= len(typed)
        return
    again = reread(read.canonical)
    assert (again.canonical, again.expression, again.exclusion) == (read.canonical, read.expression, read.exclusion)


@pytest.mark.parametrize(
    ("field", "entries"),
    [
        ("lora, adapter; gan\nmamba", ("lora", "adapter", "gan", "mamba")),
        ("lora,, ;\r\n\n adapter ", ("lora", "adapter")),
        ('"a, b", (c; d), e', ('"a, b"', "(c; d)", "e")),
        ("“a, b”， e、f；g", ("“a, b”", "e", "f", "g")),
        ('"two\nlines", x', ('"two\nlines"', "x")),
        ('"open, here\nlora, adapter', ('"open, here', "lora", "adapter")),
        ('lora "flow\nmamba "vision', ('lora "flow', 'mamba "vision')),
        ('"flow\n"mamba", gan', ('"flow', '"mamba"', "gan")),
        ('"flow\r\nlora\r\n“x y”', ('"flow', "lora", "“x y”")),
        ('"flow, a\nlora, b\nmamba"', ('"flow, a', "lora", "b", 'mamba"')),
        ('(a OR\n"b\n"c d")', ('(a OR\n"b', '"c d")')),
        ("(a OR\nb), c", ("(a OR\nb)", "c")),
        ("(open, here\nlora", ("(open, here", "lora")),
        ("closed), lora", ("closed)", "lora")),
        ('Schr\\"{o}dinger, lora', ('Schr\\"{o}dinger', "lora")),
        ("", ()),
        ("- LoRA\n- world model, agents\n", ("LoRA", "world model", "agents")),
        ('1. LoRA\n2) "flow, matching"', ("LoRA", '"flow, matching"')),
        ("• LoRA\r\n\r\n• -survey", ("LoRA", "-survey")),
        ("- LoRA\nworld model", ("- LoRA", "world model")),
        ("-survey\n-review", ("-survey", "-review")),
        ("- LoRA", ("- LoRA",)),
        ("au:LeCun, Y., lora", ("au:LeCun, Y.", "lora")),
        ("author:van der Berg, A.-M.\nlora", ("author:van der Berg, A.-M.", "lora")),
        ("au:LeCun, AI, RL", ("au:LeCun", "AI", "RL")),
        ("lora, Y.", ("lora", "Y.")),
    ],
)
def test_a_form_field_falls_into_keywords(field: str, entries: tuple[str, ...]) -> None:
    assert split(field) == entries


@given(
    st.lists(st.sampled_from(["lora", '"a, b"', "(x OR y)", "-survey", "ti:mamba"]), max_size=8),
    st.sampled_from([", ", "\n", ";"]),
)
def test_splitting_gives_back_what_was_joined(entries: list[str], separator: str) -> None:
    assert split(separator.join(entries)) == tuple(entries)


def test_equal_keywords_are_kept_once_in_their_first_spelling() -> None:
    assert [each.text for each in parse_all(["Low-Rank", "lora", "", "low rank", "LoRA"])] == ["Low-Rank", "lora"]


def test_every_bad_keyword_of_a_profile_is_named() -> None:
    with pytest.raises(KeywordsError) as caught:
        parse_all(["lora", '"open', "adapter", "R"])
    assert [error.keyword for error in caught.value.errors] == ['"open', "R"]


def test_a_profile_holds_a_limited_number_of_keywords() -> None:
    assert len(parse_all(f"topic{number}" for number in range(LIMIT))) == LIMIT
    with pytest.raises(KeywordsError, match=f"10,000 keywords are too many: a profile holds at most {LIMIT}"):
        parse_all(f"topic{number}" for number in range(10_000))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("lora or adapter", "Did you mean OR?"),
        ("lora and adapter", "Did you mean AND?"),
        ("lora | adapter", "write OR"),
        ("CLIP", 'write "CLIP" in quotes'),
        ("the", "“the” stands in nearly every paper"),
        ("GPT-*", "this one is left out"),
        ("+lora +adapter", "write OR or AND"),
        ("lora NEAR/3 adapter", "write OR or AND"),
        ("lora !survey", "write -word"),
        ("cs.LG", "Did you mean cat:cs.LG?"),
        ("large language models (LLMs)", "Did you mean large language models OR LLM?"),
        ("hep-th", "Did you mean cat:hep-th?"),
        ("cat:cs.AI OR cs.LG", "Did you mean cat:cs.LG? This looks for the words."),
        ("(cs.AI OR stat.ml) AND lora -hep-th", "Did you mean cat:cs.AI, cat:stat.ML, cat:hep-th?"),
        ("au:lecun OR bengio", "Did you mean au:bengio? A field holds only for what stands right behind it."),
        ('lora AND (author:"y lecun" OR Schmidhuber OR Ben-David)', "Did you mean au:Schmidhuber, au:Ben-David?"),
        ("cat:cs.AI OR math", "Did you mean cat:math?"),
        ("LLM + agents", "This joins nothing here"),
        ("organi?ation", "A question mark stands for no letter: write organi* or join the spellings by OR."),
        ('lora OR "behavio?r model"', "write behavio*"),
        ("t?mor", "for no letter: join the spellings by OR."),
        ('"language model*"', "A star in quotes is left out: write language model* without them."),
        ("“behavi*r” OR lora", "write behavi* without them"),
        ('lora OR ti:"A* reinforcement learn*"', "as in diffus*"),
        ('"AB*" search', "as in diffus*"),
        ("-survey diffusion model", "leaves out the phrase “survey diffusion model”: put -survey last"),
        ("diffusion —image video", "leaves out the phrase “image video”: put -image last"),
        ("lora (-ti:survey paper)", "leaves out the phrase “survey paper”: put -ti:survey last"),
    ],
)
def test_a_likely_slip_is_kept_with_a_warning(typed: str, says: str) -> None:
    assert says in " ".join(parse(typed).warnings)


@pytest.mark.parametrize(
    "typed",
    [
        "lora",
        "low-rank adaptation",
        '"CLIP"',
        "clip",
        "LLM",
        '"lora or adapter"',
        "lora OR adapter",
        "graph*",
        "graph* net*",
        "cat:cs.*",
        "cat:cs.LG",
        "math",
        "lora (adapter)",
        "large language models AND LLMs",
        "C++ 17",
        "W2 distance",
        '"lora NEAR/3 adapter"',
        "au:schm*",
        '"A* x-*" search',
        '"Sgr A*" OR "C*-algebra" OR "$C^*$-algebra" OR "$C^{*}$-algebra"',
        '"f * g"',
        '"RGB + D" and C++ 17',
        "is attention all you need?",
        "au:(lecun OR bengio) OR au:hinton",
        "au:lecun OR JEPA",
        "au:lecun OR world model",
        'au:lecun OR "jepa" OR jepa',
        "au:lecun OR mamba[ti]",
        "au:lecun OR mamba AND speech",
        "au:lecun AND speech",
        "-au:lecun -survey",
        "cat:cs.AI OR robotics",
        "cat:(cs.AI OR cs.LG) lora",
        'cat:cs.AI "cs.LG" AND ti:cs.CL',
        '-"position paper"',
        "diffusion video -in-context -ti:survey",
        "-survey -(review OR benchmark paper)",
        "agents AND NOT position paper",
        "diffusion OR video -survey",
    ],
)
def test_a_sound_keyword_has_no_warning(typed: str) -> None:
    assert parse(typed).warnings == ()


@pytest.mark.parametrize(
    ("typed", "count", "total", "says"),
    [
        ("transformer", 40, 120, "ti:transformer"),
        ("multi-agent RL", 0, 120, "multi agent AND rl"),
        ("cs.LG", 0, 120, "stays on watch"),
        ('"large language model"', 40, 120, 'ti:"large language model"'),
        ("ti:model", 40, 120, "Broad: 40 of 120"),
        ("-model", 40, 120, "leaves out 40 of 120"),
        ("state space model", 0, 120, "state AND space AND model"),
        ("au:lecun", 0, 120, "stays on watch"),
        ("-zebra", 0, 120, "nothing to leave out"),
    ],
)
def test_what_a_keyword_found_is_advised_on(typed: str, count: int, total: int, says: str) -> None:
    assert says in " ".join(advise(parse(typed), count, total))


@pytest.mark.parametrize(("count", "total"), [(24, 120), (10, 49), (0, 0), (1, 120)])
def test_an_ordinary_count_needs_no_advice(count: int, total: int) -> None:
    assert advise(parse("lora"), count, total) == ()
