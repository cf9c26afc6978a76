"""`use`: files beside a spec, the standard library, and the one text that they come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnc.check import Checked, Override, check_source, check_text
from nnc.check.files import using
from nnc.ir.text import network_text
from nnc.ir.walk import count_weights
from nnc.source import Source
from nnc.syntax import ast
from nnc.syntax.files import read_source
from tests.hostile.both import agree

STD = Path(using.__file__).resolve().parents[3] / "specs" / "std"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def check(folder: Path, **overrides: str) -> Checked:
    source = read_source(str(folder / "a.nn"), "specs/a.nn")
    given = tuple(Override(k, Source("<command line>", v)) for k, v in overrides.items())
    return check_source(source, root=str(folder), overrides=given)


def told(checked: Checked) -> list[str]:
    return [f"{d.span.where()} {d.code} {d.message}" for d in checked.diagnostics]


NETWORK = "network A { input x: [4]; layer -> dense(2); output y }\n"


def test_blocks_of_a_used_file_are_seen_and_its_data_are_not(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.nn": 'use "lib/b.nn"\n' + NETWORK,
            "lib/b.nn": 'use "c.nn"\ndata d = bundled("iris")\nblock layer { inner }\n',
            "lib/c.nn": "block inner { dense(3) }\nblock idle { relu }\n",
        },
    )
    checked = check(tmp_path)
    assert told(checked) == []
    assert list(checked.networks) == ["A"]
    assert not checked.data
    assert [s.name for s in checked.sources] == ["specs/a.nn", "specs/lib/b.nn", "specs/lib/c.nn"]


def test_parameters_let_and_defaults_are_those_of_the_text(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.nn": """use "b.nn"
param width = 2
defaults { dense(bias=false) }
block mine(n=width) { dense(n) }
network A { input x: [4]; mine -> layer -> other -> dense(width); output y }
""",
            "b.nn": """param width = 5
let sizes = [7, width]
defaults { conv(bias=false) }
# Goes wide.
block layer(n=width + 1): [C] { dense(n) -> dense(sizes[0]) -> dense(width) }
block other(width=3) { dense(width) }
""",
        },
    )
    checked = check(tmp_path)
    assert told(checked) == []
    dims = [t.dims for t in checked.networks["A"].graph.types]
    assert dims == [(4,), (2,), (5,), (3,), (2,)]
    assert count_weights(checked.networks["A"]) == 8 + (18 + 49 + 40) + 18 + 6
    alone = check_text(checked.resolved)
    assert told(alone) == []
    assert network_text(alone.networks["A"]) == network_text(checked.networks["A"])
    assert "# Goes wide.\nblock layer(n=5 + 1)" in checked.resolved
    assert "use" not in checked.resolved


def test_settings_of_the_command_line_speak_of_used_networks(tmp_path: Path) -> None:
    spec = 'use "b.nn"\nexport Net { labels hidden }\n'
    body = "(n=3) { input x: [4]; dense(n); output y }\n"
    other = f"network Net{body}network Idle{body}"
    write(tmp_path, {"a.nn": spec, "b.nn": other})
    checked = check(tmp_path, **{"Net.n": "7"})
    assert told(checked) == []
    assert list(checked.networks) == ["Net"]
    assert checked.networks["Net"].graph.types[-1].dims == (7,)
    assert "Net(n=7)" in checked.resolved
    assert "Idle" not in checked.resolved


def test_a_spec_of_nothing_but_use_has_the_networks_of_its_files(tmp_path: Path) -> None:
    network = "network Net { input x: [4]; relu; output y }\n"
    write(tmp_path, {"a.nn": 'use "b.nn"\n', "b.nn": network})
    assert list(check(tmp_path).networks) == ["Net"]


def test_mistakes_point_into_their_own_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.nn": 'use "b.nn"\n' + NETWORK,
            "b.nn": "block layer { conv(3, 3) }\nblock broken { dense(3 }\n",
        },
    )
    checked = check(tmp_path)
    assert [line[:15] for line in told(checked)] == ["specs/b.nn:1:15", "specs/b.nn:2:21"]
    assert checked.diagnostics[0].trace[0].span.source.name == "specs/a.nn"


def test_a_name_declared_in_two_files_is_shown_at_both_ends(tmp_path: Path) -> None:
    files = {
        "a.nn": 'use "b.nn"\nblock layer { relu }\n' + NETWORK,
        "b.nn": "block layer { tanh }\n",
    }
    write(tmp_path, files)
    (diagnostic,) = check(tmp_path).diagnostics
    assert [label.span.where() for label in diagnostic.labels] == [
        "specs/a.nn:2:7",
        "specs/b.nn:1:7",
    ]


def test_files_that_use_each_other_are_shown_at_both_ends(tmp_path: Path) -> None:
    write(
        tmp_path, {"a.nn": 'use "b.nn"\n' + NETWORK, "b.nn": 'use "a.nn"\nblock layer { relu }\n'}
    )
    (diagnostic,) = check(tmp_path).diagnostics
    assert diagnostic.message == "a file uses itself: specs/a.nn -> specs/b.nn -> specs/a.nn"
    assert [label.span.where() for label in diagnostic.labels] == [
        "specs/b.nn:1:1",
        "specs/a.nn:1:1",
    ]


def test_a_file_used_twice_is_read_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.nn": 'use "b.nn"\nuse "lib/../b.nn"\nuse "c.nn"\n' + NETWORK,
            "b.nn": "block layer { relu }\n",
            "c.nn": 'use "b.nn"\n',
            "lib/x.nn": "",
        },
    )
    checked = check(tmp_path)
    assert told(checked) == []
    assert len(checked.sources) == 3


def test_a_missing_file_is_shown_where_it_is_used(tmp_path: Path) -> None:
    write(tmp_path, {"a.nn": 'use "b.nn"\n' + NETWORK, "b.nn": 'use "layrs.nn"\n', "layers.nn": ""})
    (diagnostic,) = check(tmp_path).diagnostics
    assert diagnostic.message == "cannot read `specs/layrs.nn`: there is no such file"
    assert diagnostic.help == 'did you mean "layers.nn"?'
    assert [label.span.where() for label in diagnostic.labels] == [
        "specs/b.nn:1:5",
        "specs/a.nn:1:1",
    ]


@pytest.mark.parametrize(
    "path", ["/etc/b.nn", "~/b.nn", "C:/b.nn", "lib\\\\b.nn", "b.txt", "", "b?.nn", "http://b.nn"]
)
def test_paths_that_do_not_work_everywhere_are_refused(tmp_path: Path, path: str) -> None:
    write(tmp_path, {"a.nn": f'use "{path}"\nnetwork A {{ input x: [4]; relu; output y }}\n'})
    assert [d.code for d in check(tmp_path).diagnostics] == ["NN113"]


def test_folders_and_binary_files_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {"a.nn": 'use "lib.nn"\nuse "b.nn"\n', "lib.nn/x.nn": ""})
    (tmp_path / "b.nn").write_bytes(b"\0\0")
    assert [d.code for d in check(tmp_path).diagnostics] == ["NN113", "NN113"]


def test_there_is_an_end_to_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"f{i}.nn": f'use "f{i + 1}.nn"\n' for i in range(80)}
    write(tmp_path, {"a.nn": 'use "f0.nn"\n', **files})
    (diagnostic,) = check(tmp_path).diagnostics
    assert diagnostic.message == "a spec is made of at most 64 files and 16 MB of text"
    monkeypatch.setattr(using, "LIMIT", 1000)
    write(tmp_path, {"f1.nn": "#" * 1000})
    assert [d.code for d in check(tmp_path).diagnostics] == ["NN113"]


# --- the standard library ------------------------------------------------------------------------

CALLS = {
    "basic_block": "basic_block(8, stride=2) -> basic_block(8, act=silu)",
    "bottleneck_block": "bottleneck_block(4, 2) -> bottleneck_block(4, groups=2, act=gelu)",
    "preact_block": "preact_block(4) -> preact_block(6, stride=2)",
    "resnet_stage": "resnet_stage(basic_block(8, stride=2), basic_block(8), 3)",
    "shortcut": "shortcut(true) { conv(4, 1) } -> shortcut(false) { conv(6, 1) }",
    "squeeze_excite": "squeeze_excite(2) -> squeeze_excite(3, act=silu, gate=hard_sigmoid)",
    "inverted_residual": "inverted_residual(4) -> inverted_residual(6, expand=1, stride=2)",
    "mbconv": "mbconv(4, drop=0.2) -> mbconv(6, expand=3, kernel=5, stride=2)",
    "separable_conv": "separable_conv(6) -> separable_conv(8, 5, stride=2, act=relu6)",
    "dense_block": "dense_block(3, growth=4, drop=0.1)",
    "dense_layer": "dense_layer(4) -> dense_layer",
    "dense_transition": "dense_transition",
    "double_conv": "double_conv(6) -> double_conv(3, act=elu)",
    "unet_down": "unet_down(6)",
    "unet_up": "double_conv(6) as skip -> unet_down(8) -> unet_up(6, skip)",
    "prenorm": "prenorm(batch_norm) { conv(4, 1) } -> prenorm(drop=0.1) { dense(8) }",
    "postnorm": "postnorm { dense(8) } -> postnorm(rms_norm, 0.1) { dense(8) }",
    "feed_forward": "feed_forward(8, 12) -> feed_forward(3, 5, act=silu, drop=0.5)",
}
FILES = sorted(STD.glob("*.nn"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_each_block_of_the_library_is_documented_and_builds(path: Path) -> None:
    alone = check_source(read_source(str(path)), root=str(path.parent))
    assert told(alone) == []
    blocks = [d for d in alone.file.declarations if isinstance(d, ast.Block)]
    assert alone.file.doc
    assert all(d.doc for d in blocks)
    for d in blocks:
        checked = check_text(f"""use std.{path.stem}
network A {{ input x: [4, 8, 8]; {CALLS[d.name.text]}; output y }}
""")
        assert told(checked) == []
        found = agree(checked.networks["A"])
        again = check_text(checked.resolved)
        assert told(again) == []
        assert network_text(again.networks["A"]) == network_text(checked.networks["A"])
        assert found["y"].std() > 0


@pytest.mark.parametrize(
    "text, weights",
    [
        (
            """use std.residual
network ResNet18 {
  input image: [3, 224, 224]
  conv(64, 7, stride=2, padding=3, bias=false) -> batch_norm -> relu -> max_pool(3, 2, 1)
  resnet_stage(basic_block(64), basic_block(64), 2)
  for c in [128, 256, 512] { resnet_stage(basic_block(c, stride=2), basic_block(c), 2) }
  global_avg_pool -> flatten -> dense(1000)
  output label
}""",
            11_689_512,
        ),
        (
            """use std.dense_block
network DenseNet121 {
  input image: [3, 224, 224]
  conv(64, 7, stride=2, padding=3, bias=false) -> batch_norm -> relu -> max_pool(3, 2, 1)
  for depth in [6, 12, 24] { dense_block(depth); dense_transition }
  dense_block(16) -> batch_norm -> relu -> global_avg_pool -> flatten -> dense(1000)
  output label
}""",
            7_978_856,
        ),
        (
            """use std.inverted_residual
network MobileNetV2 {
  input image: [3, 224, 224]
  conv(32, 3, stride=2, padding=1, bias=false) -> batch_norm -> relu6
  inverted_residual(16, expand=1)
  for c, n, s in [(24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)] {
    inverted_residual(c, stride=s)
    repeat n - 1 { inverted_residual(c) }
  }
  conv(1280, 1, bias=false) -> batch_norm -> relu6 -> global_avg_pool -> flatten -> dense(1000)
  output label
}""",
            3_504_872,
        ),
        (
            """use std.inverted_residual
network EfficientNetB0 {
  input image: [3, 224, 224]
  conv(32, 3, stride=2, padding=1, bias=false) -> batch_norm -> silu
  for e, c, n, s, k in [
    (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
  ] {
    mbconv(c, e, k, s)
    repeat n - 1 { mbconv(c, e, k) }
  }
  conv(1280, 1, bias=false) -> batch_norm -> silu -> global_avg_pool -> flatten -> dense(1000)
  output label
}""",
            5_288_548,
        ),
    ],
    ids=["resnet18", "densenet121", "mobilenetv2", "efficientnetb0"],
)
def test_published_weights(text: str, weights: int) -> None:
    checked = check_text(text)
    assert told(checked) == []
    (network,) = checked.networks.values()
    assert count_weights(network) == weights


def test_a_library_file_that_is_not_there() -> None:
    checked = check_text("use std.residuals\nuse torch\n")
    first, second = checked.diagnostics
    assert first.fix is not None
    assert first.fix.text == "std.residual"
    assert second.help.startswith("it has std.dense_block")
