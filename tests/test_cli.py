"""The command line: exit codes, files, machines' output, languages, and what it says of mistakes."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from planner.cli import main
from planner.cli.console import chosen_language
from planner.study import place_study
from planner.study_folder import read_study_inputs

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "de"
DATA = [f"--{name}={EXAMPLE / file}" for name, file in
        (("sales", "sales.csv"), ("areas", "areas.geojson"), ("demand", "demand.csv"))]  # fmt: skip
NETWORK = [*DATA, f"--outlets={EXAMPLE / 'outlets.csv'}", "--rules=de-altfahrzeugv"]
WHOLE = {"summary.json", "findings.csv", "study.gpkg", "report.xlsx", "report.html", "inputs"}


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("LC_ALL", "C")

    def call(*args: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        said = capfd.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return call


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "planned"
    with pytest.raises(SystemExit) as ended:
        main(["place", *NETWORK, f"--out={folder}", "--lang=en"])
    assert not ended.value.code
    return folder


def test_check_finds_what_is_short(run: Run, tmp_path: Path) -> None:
    ended = run("check", *NETWORK, "--out", tmp_path / "study")
    assert ended.code == 1
    assert {path.name for path in (tmp_path / "study").iterdir()} == WHOLE
    findings = pd.read_csv(tmp_path / "study" / "findings.csv")
    assert set(findings["status"]) == {"met", "short"}
    assert "areas are short" in ended.out


def test_place_mends_it_and_verify_agrees(run: Run, planned: Path) -> None:
    assert {path.name for path in planned.iterdir()} >= WHOLE | {"plan.csv"}
    assert set(pd.read_csv(planned / "findings.csv")["status"]) == {"met"}
    assert run("verify", planned).code == 0


def test_the_plan_is_an_outlets_table(run: Run, planned: Path, tmp_path: Path) -> None:
    plan, existing = (pd.read_csv(path) for path in (planned / "plan.csv", EXAMPLE / "outlets.csv"))
    pd.concat([existing, plan]).to_csv(tmp_path / "all.csv", index=False)
    options = [*DATA, f"--outlets={tmp_path / 'all.csv'}", "--rules=de-altfahrzeugv"]
    assert run("check", *options, "--only=findings", "--out", tmp_path / "study").code == 0


def test_verify_names_what_was_changed(run: Run, planned: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged"
    shutil.copytree(planned, forged)
    summary = json.loads((forged / "summary.json").read_text(encoding="utf-8"))
    (forged / "summary.json").write_text(json.dumps({**summary, "duties_met": 0}), encoding="utf-8")
    ended = run("verify", forged)
    assert ended.code == 1
    assert "duties_met" in ended.err


def test_machines_get_json_and_nothing_else(run: Run, tmp_path: Path) -> None:
    ended = run("check", *NETWORK, "--only=findings", "--json", "--out", tmp_path / "study")
    summary = json.loads(ended.out)
    assert summary["exit_code"] == ended.code == 1
    assert summary["findings"]["take-back-reach"]["short"] > 0
    assert {path.name for path in (tmp_path / "study").iterdir()} == {"summary.json", "findings.csv"}


def test_a_study_is_replaced_and_nothing_else_is(run: Run, tmp_path: Path) -> None:
    study, other = tmp_path / "study", tmp_path / "other"
    assert run("check", *NETWORK, "--only=findings", "--out", study).code == 1
    assert run("check", *NETWORK, "--only=findings", "--out", study).code == 1
    other.mkdir()
    (other / "letter.txt").write_text("dear", encoding="utf-8")
    ended = run("check", *NETWORK, "--out", other)
    assert ended.code == 2
    assert [path.name for path in other.iterdir()] == ["letter.txt"]
    assert ended.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "study"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--sales=nowhere.csv"], "nowhere.csv"),
        ([DATA[0], "--rules=cn-1999"], "cn-1999"),
        ([DATA[0], "--set=maker-ratio.per"], "RULE.PARAMETER=VALUE"),
        ([DATA[0], "--set=maker-ratio.pre=3"], "pre"),
        ([DATA[0], "--datum=wgs48"], "wgs48"),
        ([DATA[0], "--datum=sales=wgs84"], "outlets=gcj02"),
        ([DATA[0], "--scenario=nowhere.toml"], "nowhere.toml"),
        ([DATA[0], "--outlets=nowhere.csv"], "nowhere.csv"),
        ([DATA[0], "--outlets=" + str(EXAMPLE / "sales.csv")], "outlet_id"),
        ([DATA[0], DATA[1], "--rules=de-altfahrzeugv", "--year=2040"], "it covers 2024 to 2025"),
    ],
)
def test_mistakes_are_sentences(run: Run, tmp_path: Path, options: list[str], says: str) -> None:
    areas = [DATA[1]] if any("outlets" in option for option in options) else []
    ended = run("check", *options, *areas, "--out", tmp_path / "study")
    assert ended.code == 2
    assert says in ended.err
    assert "Traceback" not in ended.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "args",
    [
        ["check"],
        ["dance"],
        ["check", "--year=soon"],
        ["check", *NETWORK, "--lang=fr"],
        ["frontier", *NETWORK],
    ],
)
def test_wrong_usage_is_code_2(run: Run, args: list[str]) -> None:
    ended = run(*args)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_studies_that_are_none_are_bad_input(run: Run, tmp_path: Path) -> None:
    for command in (["verify", tmp_path], ["compare", tmp_path, tmp_path], ["map", tmp_path]):
        ended = run(*command)
        assert ended.code == 2
        assert "Traceback" not in ended.err


def test_assumptions_reach_the_study(run: Run, tmp_path: Path) -> None:
    options = ["--set=take-back-reach.distance_km=500", "--metric=detour", "--year=2024"]
    ended = run("check", *NETWORK, *options, "--json", "--out", tmp_path / "study")
    summary = json.loads(ended.out)
    assert (ended.code, summary["year"]) == (0, 2024)
    scenario = (tmp_path / "study" / "inputs" / "scenario.toml").read_text(encoding="utf-8")
    assert 'metric = "detour"' in scenario
    assert "distance_km = 500" in (tmp_path / "study" / "inputs" / "rules.toml").read_text(encoding="utf-8")


def test_compare_says_what_changed(run: Run, planned: Path, tmp_path: Path) -> None:
    run("check", *NETWORK, "--out", tmp_path / "before")
    changed = json.loads(run("compare", tmp_path / "before", planned, "--json").out)
    assert changed["rules"][0]["after"] == 0
    assert changed["rules"][0]["change"] < 0
    assert {area["after"] for area in changed["areas"]} == {"met"}
    assert changed["differences"] == []
    run("check", *NETWORK, "--metric", "detour", "--out", tmp_path / "roads")
    assert (
        "Assumption metric: great-circle, then detour."
        in run("compare", tmp_path / "before", tmp_path / "roads").err
    )


def test_the_map_alone(run: Run, planned: Path, tmp_path: Path) -> None:
    assert run("map", planned, "--out", tmp_path / "map.html", "--lang=zh").code == 0
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert 'lang="zh-CN"' in page
    assert "Eichenau" in page
    assert run("map", planned, "--out", tmp_path / "no" / "map.html").code == 2


def test_the_frontier_of_one_area(run: Run, tmp_path: Path) -> None:
    one = ["--enterprise=Musterwagen AG", "--area=Eichenau"]
    ended = run("frontier", *NETWORK, *one, "--values=0:3:1", "--json", "--out", tmp_path / "f")
    table = json.loads(ended.out)
    shortage = [row["objective"] for row in table]
    assert ended.code == 0
    assert shortage == sorted(shortage, reverse=True)
    assert shortage[0] > 0
    assert {path.name for path in (tmp_path / "f").iterdir()} == {
        "frontier.csv",
        "frontier.png",
        "frontier.svg",
    }


def test_the_price_of_every_duty(run: Run, tmp_path: Path) -> None:
    one = ["--enterprise=Musterwagen AG", "--area=Eichenau", "--values=3", "--prices"]
    ended = run("frontier", *NETWORK, *one, "--json", "--out", tmp_path / "f")
    prices = json.loads(ended.out)["prices"]
    assert prices
    assert all(0 <= row["saving_low"] <= row["saving"] + 1e-9 for row in prices)
    assert (tmp_path / "f" / "prices.csv").read_text(encoding="utf-8").startswith("rule_id,adcode,required")
    assert "少一步" in run("frontier", *NETWORK, *one, "--lang=zh").out
    assert run("frontier", *NETWORK, "--values=1", "--prices").code == 2


def test_a_forecast_that_ends_before_it_begins_is_a_sentence(run: Run) -> None:
    ended = run("forecast", *DATA, "--from=2030", "--to=2026")
    assert ended.code == 2
    assert "begin in 2030 and end in 2026" in ended.err


def test_a_forecast_adds_up_no_two_roles(run: Run, tmp_path: Path) -> None:
    run("sample", tmp_path / "sample")
    sales = tmp_path / "sample" / "sales.csv"
    ended = run("forecast", f"--sales={sales}", "--from=2022", "--to=2022", "--json")
    assert {row["role"] for row in json.loads(ended.out)} == {"maker", "battery_maker"}


@pytest.mark.parametrize("command", [["forecast"], ["frontier", "--values=0:1:1"]])
def test_a_folder_of_others_is_refused_before_anything_is_worked_out(
    run: Run, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    ended = run(*command, *DATA, "--out", tmp_path)
    assert ended.code == 2
    assert ended.out == ""


def test_the_outcome_of_a_frontier_is_in_the_reader_s_language(run: Run) -> None:
    one = ["--enterprise=Musterwagen AG", "--area=Eichenau", "--lang=zh"]
    assert "最优" in run("frontier", *NETWORK, *one, "--values=0").out


def test_the_frontier_of_a_run(run: Run) -> None:
    table = json.loads(run("frontier", *NETWORK, "--values=0,2,20", "--json").out)
    assert [row["new_outlets"] for row in table][:2] == [0, 2]
    assert table[-1]["objective"] == pytest.approx(0)
    assert run("frontier", *NETWORK, "--values=a,b").code == 2
    assert run("frontier", *NETWORK, "--values=1", "--area=Eichenau").code == 2
    assert run("frontier", *NETWORK, "--values=1", "--area=X", "--enterprise=Y").code == 2


def test_too_few_outlets_leave_something_short(run: Run, tmp_path: Path) -> None:
    ended = run("place", *NETWORK, "--max-new=1", "--json", "--out", tmp_path / "study")
    assert ended.code == 1
    assert json.loads(ended.out)["new_outlets"] == 1


def test_an_executor_of_others_gives_the_same_plan(planned: Path) -> None:
    tables, rules, scenario = read_study_inputs(planned)
    with ThreadPoolExecutor(2) as threads:
        study = place_study(tables, rules, scenario, executor=threads)
    written = pd.read_csv(planned / "plan.csv")["site_id"].tolist()
    assert study.new_outlets["site_id"].tolist() == written


def test_a_scheduler_that_is_not_there_is_bad_input(run: Run, tmp_path: Path) -> None:
    ended = run("place", *NETWORK, "--scheduler=tcp://127.0.0.1:1", "--out", tmp_path / "study")
    assert ended.code == 2
    assert "--scheduler" in ended.err
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cluster_gives_the_same_plan(
    run: Run, planned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("optimization.many._plainly", lambda *_: None)
    out = tmp_path / "study"
    with distributed.LocalCluster(1, threads_per_worker=1, dashboard_address=":0") as cluster:
        ended = run("place", *NETWORK, f"--scheduler={cluster.scheduler_address}", "--out", out)
    assert ended.code == 0
    assert (out / "plan.csv").read_bytes() == (planned / "plan.csv").read_bytes()


@pytest.mark.parametrize("step", ["planner.study.place", "planner.report.write_report"])
def test_an_interruption_leaves_nothing_and_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(step, interrupted)
    ended = run("place", *NETWORK, "--out", tmp_path / "study")
    assert ended.code == 130
    assert "Interrupted." in ended.err
    assert "Traceback" not in ended.err
    assert not list(tmp_path.iterdir())


def test_what_no_plan_can_mend_is_code_3(run: Run, tmp_path: Path) -> None:
    sites = tmp_path / "sites.csv"
    sites.write_text("site_id,name,lon,lat\nF,Far corner,8.7,50.7\n", encoding="utf-8")
    ended = run("place", *NETWORK, "--sites", sites, "--out", tmp_path / "study")
    assert ended.code == 3
    assert (tmp_path / "study" / "plan.csv").exists()


def test_rule_sets_are_listed_and_shown(run: Run, tmp_path: Path) -> None:
    assert len(json.loads(run("rules", "list", "--json").out)) == 6
    shown = run("rules", "show", "cn-2026-73").out
    assert "(assumed)" in shown
    (tmp_path / "own.toml").write_text(
        run("rules", "show", "us-vt-batteries", "--toml").out, encoding="utf-8"
    )
    assert "county-presence" in run("rules", "show", tmp_path / "own.toml").out
    assert run("rules", "show", "nothing").code == 2


def test_sample_and_templates_can_be_used(run: Run, tmp_path: Path) -> None:
    assert run("sample", tmp_path / "s").code == 0
    assert {path.name for path in (tmp_path / "s").iterdir()} == {"sales.csv", "outlets.csv", "README.txt"}
    assert run("template", tmp_path / "t").code == 0
    assert list((tmp_path / "t").glob("*.xlsx"))
    forecast = run("forecast", "--sales", tmp_path / "s" / "sales.csv", "--to=2024", "--json")
    assert [row["year"] for row in json.loads(forecast.out)][-1] == 2024
    assert "fictional" in forecast.err


def test_the_language_is_the_reader_s() -> None:
    assert chosen_language(["check", "--lang", "zh"], {"LANG": "en_US.UTF-8"}) == "zh"
    assert chosen_language(["check", "--lang=en"], {"LANG": "zh_CN.UTF-8"}) == "en"
    assert chosen_language([], {"LANG": "zh_CN.UTF-8"}) == "zh"
    assert chosen_language([], {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}) == "en"
    assert chosen_language([], {}) == "en"


def test_help_and_errors_in_chinese(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "规则" in run("--help").out
    text = run("check", "--help").out
    assert "…" not in text
    assert not [word for word in ("Options", "Data", "required", "Show") if word in text]
    assert "规则" in run("rules", "show", "nothing").err


def test_help_is_quick_and_reads_no_science() -> None:
    code = (
        "import sys; from planner.cli import main\ntry: main(['place', '--help'])\nexcept SystemExit: pass\n"
    )
    code += "assert not {'pandas', 'numpy', 'geopandas', 'babel'} & set(sys.modules)"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)
    assert time.perf_counter() - began < 5  # 0.4 s; the rest is a busy machine's


def test_outlets_that_are_joined_are_not_called_opened(run: Run, tmp_path: Path) -> None:
    ended = run("place", *NETWORK, "--allow-joining", "--workers=1", "--out", tmp_path / "study")
    joined = pd.read_csv(tmp_path / "study" / "plan.csv")["action"].eq("join").sum()
    assert joined
    assert f"{joined} are not opened but join" in ended.out
