"""Templates without running them: what is left is YAML on the same lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.templates import TOKEN, neutralise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: {{ .Values.x }}", f"a: {TOKEN}"),
        ("a: '{{`Pod {{ $labels.pod }}`}}'", "a: 'Pod {{ $labels.pod }}'"),
        ("a: {{- `x` -}}", "a: x"),
        ('a: {{ "{{" }} $labels.x {{ "}}" }}', "a: {{ $labels.x }}"),
        ('  {{- include "x" . | nindent 4 }}\na: 1', "\na: 1"),
        ("{{- if .x }}{{ with .y }}\na: 1\n{{ end }}{{ end }}", "\na: 1\n"),
        ("{{/* one }}\ntwo */}}\na: 1", "\n\na: 1"),
        ("a: 1 {{/* why */}}", "a: 1 "),
        ('a: {{ printf "}}%s" .x }}', f"a: {TOKEN}"),
        ("a: '{{ $labels.pod }}'", "a: '{{ $labels.pod }}'"),
        ("{{ $labels := .x }}\na: {{ $labels.pod }}", f"\na: {TOKEN}"),
        ("a: {{ never closed", "a: {{ never closed"),
        ("x: {{ if a }}y{{ else }}z{{ end }}", f"x: {TOKEN}y{TOKEN}z{TOKEN}"),
        ('  {{ if .z }}timeZone: "{{ .z }}"{{- end }}\nb: 1', f'  timeZone: "{TOKEN}"\nb: 1'),
        ("{{ if a }}x: 1{{ else }}x: 2{{ end }}", f"{TOKEN}x: 1{TOKEN}x: 2{TOKEN}"),
        ("{{ if a }}x: {{ end }}\nb: 1", "x:\nb: 1"),
        ("a: |-{{ .x | nindent 4 }}\nb: 1", f"a: {TOKEN}\nb: 1"),
        ("a: |\n  {{ .x }}\nb: 1", "a: |\n\nb: 1"),
        ("a: |{{ .x | nindent 2 }}\n  more: of it\nb: 1", "a: |\n  more: of it\nb: 1"),
        ("a:{{ toYaml .x | nindent 2 }}\nb: 1", f"a: {TOKEN}\nb: 1"),
        ("a:{{ with .x }}{{ toYaml . | nindent 2 }}{{ end }}\nb: 1", f"a: {TOKEN}\nb: 1"),
        ("a:{{- if .x }}\n  c: 1\n{{- end }}\nb: 1", "a:\n  c: 1\n\nb: 1"),
        ("a: {{ .x }}:{{ .y | nindent 2 }}", f"a: {TOKEN}:{TOKEN}"),
        ("- {{ toYaml . | nindent 2 | trim }}\n  a: 1\n- b", "-\n  a: 1\n- b"),
        ("- {{ .x }}\n- b", f"- {TOKEN}\n- b"),
        ('a: {{ dict\n  "x" 1 }}\nb: 1', f"a: {TOKEN}\n\nb: 1"),
    ],
)
def test_actions_are_taken_out(text: str, expected: str) -> None:
    assert neutralise(text).text == expected


def test_lines_whose_output_is_unknown_are_holes_and_control_lines_are_not() -> None:
    neutral = neutralise("labels:\n  {{ include `a` . }}\n{{ if .x }}\n  a: 1\n{{ end }}\n")
    assert neutral.holes == frozenset((2,))


def test_bodies_of_conditions_are_known_merged_and_without_define() -> None:
    text = "{{ define `x` }}\na\n{{ end }}\n{{ if a }}\nb\n{{ range c }}\nd\n{{ end }}\n{{ end }}\ne\n"
    neutral = neutralise(text)
    assert neutral.conditional == ((4, 9),)
    assert [neutral.is_conditional(line) for line in (2, 5, 7, 10)] == [False, True, True, False]


@given(st.text(alphabet="{}`\"'/*-\n abif$end", max_size=200))
def test_the_number_of_lines_never_shrinks_and_nothing_is_raised(text: str) -> None:
    assert neutralise(text).text.count("\n") == text.count("\n")


@pytest.mark.parametrize("piece", ["{{", "{{ /*", "{{`", '{{ "\\"', "{{ 'a", "{{ a }}", "{{ if a }}\n"])
def test_a_hundred_thousand_pieces_end(piece: str) -> None:
    assert len(neutralise(piece * 100_000).text) > 0
