"""The page in a browser: silent, sortable, switchable, safe, and usable by keyboard, on a phone, in the dark and on paper."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, expect

Opened = Callable[..., Any]


def column(page: Any, table: str, name: str) -> list[str]:
    """What a table shows in a column, top to bottom."""
    heads = page.locator(f"#table-{table} thead th").all_inner_texts()
    place = [head.strip(" ▲▼\n") for head in heads].index(name) + 1
    return page.locator(f"#table-{table} tbody td:nth-child({place})").all_inner_texts()


def ready(opened: Opened, folder: Path, **settings: Any) -> Any:
    watched = opened(**settings)
    watched.open(folder / "report.html")
    watched.draw()
    return watched.page


def test_every_chart_and_table_is_drawn_without_an_error_or_a_request(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    assert page.locator(".plot > svg").count() == page.locator("figure.chart").count() > 10
    for section in ("leaderboard", "thresholds", "errors", "surfaces", "rays", "optimality"):
        assert page.locator(f"#charts-{section} figure").count() > 0
    assert page.locator("section.table").count() >= 9
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0


def test_charts_and_tables_are_drawn_without_scrolling(opened: Opened, study: Path) -> None:
    page = opened().open(study / "report.html")
    expect(page.locator(".waiting")).to_have_count(0)
    assert page.evaluate("scrollY") == 0
    charts = page.locator("figure.chart")
    assert charts.count() == page.locator(".plot > svg").count() > 10
    assert page.locator(".plot > svg").last.bounding_box()["height"] > 0


def test_an_answer_leads_to_its_chart_and_its_table(opened: Opened, study: Path) -> None:
    page = opened().open(study / "report.html")
    page.locator("details.undecided summary").click()  # two n exclude no exponent
    answer = page.locator(".answers li", has_text="q* ~ n^").first
    expect(answer).to_contain_text("What would change it: ")
    for link, place in (("Chart", "figure#chart-"), ("Table exponents.csv", "section#table-exponents")):
        target = answer.get_by_role("link", name=link)
        target.focus()
        page.keyboard.press("Enter")
        expect(page.locator(f"{place.split('#')[0]}{target.get_attribute('href')}")).to_be_in_viewport()
        assert target.get_attribute("href").startswith(f"#{place.split('#')[1]}")


def test_ten_rows_that_matter_are_shown_and_the_others_unfold_and_fold_by_keyboard(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    table = page.locator("#table-thresholds")
    rows = len((study / "thresholds.csv").read_text().splitlines()) - 1
    assert rows > 10
    expect(table.locator("tbody tr")).to_have_count(10)
    assert set(column(page, "thresholds", "kind")) == {"interval"}
    expect(table.locator(".pager")).to_contain_text(f"The rows that matter first; {rows - 10} more.")
    table.get_by_role("button", name=f"Show all {rows} rows").focus()
    page.keyboard.press("Enter")
    expect(table.locator("tbody tr")).to_have_count(rows)
    assert len(set(column(page, "thresholds", "kind"))) > 1
    expect(table.locator(".scroll")).to_be_focused()
    table.get_by_role("button", name="Show 10 rows").focus()
    page.keyboard.press("Enter")
    expect(table.locator("tbody tr")).to_have_count(10)
    table.locator("input[type=search]").fill("right")
    expect(table.get_by_role("status")).to_have_text(f"4 of {rows} rows")
    assert set(column(page, "thresholds", "kind")) == {"right"}


def test_the_index_leads_to_the_page_and_back(opened: Opened, study: Path) -> None:
    watched = opened()
    page = watched.open(study.parent / "index.html")
    page.get_by_role("link", name="planted").click()
    expect(page.get_by_role("heading", name="Study planted")).to_be_visible()
    page.get_by_role("link", name="All studies").click()
    expect(page.get_by_role("link", name="planted")).to_be_visible()


def test_sorting_by_numbers_goes_up_then_down_with_unknown_values_last(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    head = page.locator("#table-records th", has_text="relative").first
    for direction, sign in (("ascending", 1), ("descending", -1)):
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", direction)
        shown = [sign * float(text) for text in column(page, "records", "relative")]
        assert shown == sorted(shown)
    page.locator("#table-records .pager button").click()
    assert column(page, "records", "relative")[-2:] == ["", ""]


def test_filtering_by_words_and_comparisons(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    box = page.locator("#table-records input[type=search]")
    for words, count in (
        ("q<=2 schedule=tied", 12),
        ("TIED q=8", 6),
        ("failed", 1),
        ("status!=done", 2),
        ("q>=100", 0),
        ("", 82),
    ):
        box.fill(words)
        expect(page.locator("#table-records [role=status]")).to_have_text(f"{count} of 82 rows" if words else "82 rows")
    box.fill("q<=2 schedule=tied")
    assert set(column(page, "records", "q")) == {"1", "2"}


def downloaded(page: Any, table: str) -> bytes:
    with page.expect_download() as download:
        page.locator(f"#table-{table}").get_by_role("button", name="CSV of these rows").click()
    return Path(download.value.path()).read_bytes()


def test_a_downloaded_table_is_the_file_beside_the_page_byte_for_byte(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    files = [path for path in study.glob("*.csv") if len(path.read_text().splitlines()) > 1]
    assert len(files) >= 6
    for path in files:
        assert downloaded(page, path.stem) == path.read_bytes(), path.name


def test_a_downloaded_selection_has_its_rows_in_its_order_and_no_formula(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    page.locator("#table-records input[type=search]").fill("schedule=tied q>=4")
    page.locator("#table-records th", has_text="absorbed").get_by_role("button").click()
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "records").decode())))
    absorbed = [float(row["absorbed"]) for row in rows]
    assert len(rows) == 12
    assert absorbed == sorted(absorbed)
    assert {row["schedule"] for row in rows} == {"tied"}
    messages = [row["message"] for row in csv.DictReader(io.StringIO(downloaded(page, "unfinished").decode()))]
    assert 'worker, "died" =1+1' in messages


def test_curves_appear_and_vanish_with_their_switches(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    figure = page.locator("#charts-errors figure", has_text="tied").first
    lines = figure.locator(".plot path.line")
    dashed = figure.locator(".plot path.line[stroke-dasharray='6 4']")
    before, floors = lines.count(), dashed.count()
    assert floors == 3
    switch = figure.get_by_role("checkbox", name="floor of any rank-q model certified")
    switch.uncheck()
    expect(dashed).to_have_count(0)
    expect(lines).to_have_count(before - floors)
    figure.get_by_role("checkbox", name="n = 64 (8 x 8)").uncheck()
    expect(lines).to_have_count(before - floors - 1)
    switch.check()
    expect(dashed).to_have_count(2)
    predicted = page.locator("#charts-thresholds figure").first.get_by_role("checkbox", name="predicted slope")
    assert not predicted.first.is_checked()


def test_the_pointer_shows_the_record_behind_a_point(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    figure = page.locator("#charts-errors figure", has_text="tied").first
    figure.scroll_into_view_if_needed()
    figure.locator(".plot path.record").first.hover(force=True)
    tip = figure.locator(".tip")
    expect(tip).to_be_visible()
    for words in ("record ", "done", "q = ", "d = ", "relative error", "floor", "replicate"):
        expect(tip).to_contain_text(words)
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()


def test_everything_works_by_keyboard(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    page.evaluate("scrollTo(0, 0)")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    plot = page.locator("#charts-errors .plot").first
    plot.focus()
    tip, voice = plot.locator(".tip"), plot.locator("xpath=following-sibling::p[1]")
    page.keyboard.press("ArrowRight")
    expect(tip).to_be_visible()
    first = voice.inner_text()
    assert "record" in first or "=" in first
    page.keyboard.press("ArrowRight")
    assert voice.inner_text() != first
    page.keyboard.press("End")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("type", "checkbox")
    page.keyboard.press("Space")
    assert not page.locator(":focus").is_checked()
    page.locator("#table-leaderboard th button").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#table-leaderboard th").nth(1)).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#table-leaderboard th").nth(1).locator("button")).to_be_focused()


def test_every_chart_has_words_and_a_table_of_its_points(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    for figure in page.locator("figure.chart").all():
        assert len(figure.locator(".plot").get_attribute("aria-label")) > 60
        figure.locator("summary").click()
        expect(figure.locator("details p").first).to_be_visible()
        expect(figure.locator("details td")).not_to_have_count(0)


def test_a_surface_shows_another_measure_on_request(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    figure = page.locator("#charts-surfaces figure").first
    cells = figure.locator("svg text.middle")
    assert "0.25" in cells.all_text_contents()
    figure.locator("select").select_option("error R / floor")
    assert "1.25" in cells.all_text_contents()


def test_hostile_names_are_text_and_nothing_of_them_runs(opened: Opened, hostile: Path) -> None:
    watched = opened()
    page = watched.open(hostile / "report.html")
    watched.draw()
    for plot in page.locator(".plot").all():
        plot.focus()
        page.keyboard.press("End")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 0
    assert page.get_by_text("onerror='window.ran=2'").count() > 5
    page = opened().open(hostile.parent / "index.html")
    assert page.evaluate("window.ran") is None
    page.get_by_role("link", name="<img src=x").click()
    expect(page.locator("h1")).to_have_text("Study planted")


def test_a_script_that_got_into_the_page_would_not_run(chromium: Any, study: Path) -> None:
    page = chromium.new_page()
    page.goto((study / "report.html").as_uri())
    with pytest.raises(Error, match="TrustedScript"):
        page.evaluate("() => { const s = document.createElement('script'); s.text = 'window.ran = 1'; document.head.append(s); }")
    with pytest.raises(Error, match="TrustedHTML"):
        page.evaluate("() => { document.body.innerHTML = '<img src=x onerror=\"window.ran = 1\">'; }")
    with pytest.raises(Error, match="fetch"):
        page.evaluate("() => fetch('data:text/plain,x')")
    assert page.evaluate("window.ran") is None
    page.close()


@pytest.mark.parametrize("width", [320, 390, 768])
def test_no_page_scrolls_sideways_on_a_narrow_screen(opened: Opened, study: Path, hostile: Path, width: int) -> None:
    for folder in (study, hostile):
        page = ready(opened, folder, viewport={"width": width, "height": 800})
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        watched = opened(viewport={"width": width, "height": 800})
        assert watched.open(folder.parent / "index.html").evaluate("document.documentElement.scrollWidth") <= width


def test_charts_follow_the_width_of_the_window(opened: Opened, study: Path) -> None:
    page = ready(opened, study)
    plot = page.locator("#charts-errors .plot > svg").first
    page.set_viewport_size({"width": 390, "height": 800})
    expect(plot).not_to_have_attribute("width", "600")
    page.wait_for_timeout(200)
    assert int(plot.get_attribute("width")) <= 390


def background(page: Any) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_dark_and_light_follow_the_system_until_the_reader_chooses(opened: Opened, study: Path) -> None:
    dark = opened(color_scheme="dark").open(study / "report.html")
    light = opened(color_scheme="light").open(study / "report.html")
    seen = background(dark), background(light)
    assert seen == ("rgb(20, 23, 26)", "rgb(255, 255, 255)")
    dark.locator("#theme").select_option("light")
    assert background(dark) == seen[1]
    dark.reload()
    assert background(dark) == seen[1]


def test_paper_gets_every_chart_and_no_menu(opened: Opened, study: Path) -> None:
    watched = opened(color_scheme="dark")
    page = watched.open(study / "report.html")
    assert page.pdf().startswith(b"%PDF")
    assert page.locator(".waiting").count() == 0
    page.emulate_media(media="print")
    expect(page.locator("nav")).to_be_hidden()
    assert background(page) == "rgb(255, 255, 255)"


def test_without_scripts_the_page_says_where_the_tables_are(opened: Opened, study: Path) -> None:
    page = opened(java_script_enabled=False).open(study / "report.html")
    expect(page.get_by_text("the CSV files beside this page")).to_be_visible()
    expect(page.get_by_role("heading", name="Provenance")).to_be_visible()


def test_a_large_study_becomes_few_elements_until_more_is_asked_for(opened: Opened, large: Path) -> None:
    page = ready(opened, large)
    shown = [table.locator("tbody tr").count() for table in page.locator("section.table").all()]
    assert max(shown) == 10
    assert page.evaluate("document.querySelectorAll('td').length") < 1500
    assert page.evaluate("document.querySelectorAll('*').length") < 10_000  # every chart is drawn
    page.locator("#records").scroll_into_view_if_needed()
    expect(page.locator("#table-records tbody tr")).to_have_count(10)
    page.locator("#table-records .pager button").click()
    expect(page.locator("#table-records tbody tr")).to_have_count(260)
