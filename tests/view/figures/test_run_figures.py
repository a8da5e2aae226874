"""Figures of a run: what they show is what the analysis gives, with units."""

import re
from dataclasses import replace

import numpy as np
import pytest

from blueslice.analysis import PlacedTrials, Roi, Shift, fit_bleaching
from blueslice.errors import BadInputError
from blueslice.view.figures import KINDS, RunTrials, bar_measures, draw_run, kinds_of

PIXEL_UM = 0.4


def only_figure(trials, kind):
    ((suffix, figure),) = draw_run(trials, kind)
    assert suffix == ""
    return figure


@pytest.fixture(scope="module")
def trials(drug_run):
    return RunTrials.of(drug_run, pixel_um=PIXEL_UM)


def pulses_in(axes):
    return [line.get_xdata()[0] for line in axes.lines if line.get_gid() == "pulse"]


LABELS = {
    "cell": {"x (µm)", "y (µm)", "resting light (counts)"},
    "traces": {"time (ms)", "Na ΔF/F (%)", "Ca ΔF/F (%)", "soma (mV)"},
    "difference": {"x (µm)", "y (µm)", "ΔF (counts)", "\N{MINUS SIGN}ΔF (counts)"},
    "film": {"Na", "Ca", "ΔF (counts)", "\N{MINUS SIGN}ΔF (counts)"},
    "profile": {"x (µm)", "y (µm)", "along the dendrite (µm)", "change of light ΔF (counts)",
                "across the dendrite (µm)", "resting light (% of its peak)"},
    "bars": {"Na ΔF/F (%)", "Ca ΔF/F (%)", "response at the soma (mV)"},
    "timing": {"time (ms)", "time from the start of the first frame (ms)"},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_axis_has_its_unit(trials, kind):
    figure = only_figure(trials, kind)
    every = [*figure.axes, *(inset for axes in figure.axes for inset in axes.child_axes)]
    labels = {a.get_xlabel() for a in every} | {a.get_ylabel() for a in every}
    assert labels - {""} == LABELS[kind]
    for axes in figure.axes:
        axis = axes.xaxis
        unnamed = not axes.get_xlabel() and len(axis.get_ticklocs()) and axes.axison
        inner = not axis.get_tick_params().get("labelbottom", True)
        assert not unnamed or inner or kind == "bars" or axes.get_label() == "<colorbar>"


def test_a_run_shows_all_kinds_or_says_why_not(run_data, drug_run):
    assert kinds_of(RunTrials.of(drug_run)) == list(KINDS)
    one_condition = RunTrials.of(run_data)
    assert kinds_of(one_condition) == [kind for kind in KINDS if kind != "bars"]
    with pytest.raises(BadInputError, match=r"cannot show bars: its trials are of one condition"):
        list(draw_run(one_condition, "bars"))
    without = RunTrials.of(replace(run_data, derived=None))
    assert kinds_of(without) == ["traces", "timing"]
    with pytest.raises(BadInputError, match="cannot show cell: its dF/F was not computed"):
        list(draw_run(without, "cell"))
    with pytest.raises(BadInputError, match="choose one of cell, traces"):
        list(draw_run(without, "movie"))


def test_traces_are_the_catalogues_and_pulses_lie_where_they_were_given(run_data):
    trials = RunTrials.of(run_data, trial=3)
    figure = only_figure(trials, "traces")
    sodium, calcium, voltage = figure.axes
    for axes, ion in ((sodium, "sodium"), (calcium, "calcium")):
        line = next(line for line in axes.lines if line.get_gid() == "trial 3")
        np.testing.assert_array_equal(line.get_ydata(), 1e2 * run_data.derived.columns[ion][2, 0])
        np.testing.assert_array_equal(
            line.get_xdata(), 1e3 * run_data.derived.columns[f"{ion}_time"][2]
        )
    for axes in figure.axes:
        assert pulses_in(axes) == pytest.approx([36.0, 46.0])
    (recorded,) = (line for line in voltage.lines if len(line.get_xdata()) > 100)
    np.testing.assert_array_equal(
        recorded.get_ydata(), run_data.arrays["amplifier-voltage"][2].ravel()
    )
    assert recorded.get_xdata()[-1] == pytest.approx(200 - 1e3 / run_data.sample_rate_Hz)


def test_means_are_of_the_stimulated_trials_of_each_condition(trials):
    figure = only_figure(trials, "traces")
    control, drug = figure.axes[:2]
    assert [re.sub(r"\d", "#", axes.get_title()) for axes in (control, drug)] == [
        "control: # trials, # blank",
        "CNQX: # trials",
    ]
    for axes in (control, drug):
        lines = {line.get_gid(): line for line in axes.lines}
        blank = f"trial {trials.blanks.index(True) + 1}"
        singles = [v.get_ydata() for k, v in lines.items()
                   if k and k.startswith("trial") and k != blank]  # fmt: skip
        np.testing.assert_allclose(lines["mean"].get_ydata(), np.mean(singles, axis=0))


def test_pictures_have_their_extent_in_um(trials):
    (image,) = only_figure(trials, "cell").axes[0].images
    assert image.get_extent() == pytest.approx((-0.2, 31.8, 31.8, -0.2))
    roi = trials.rois[0]
    patch = only_figure(trials, "difference").axes[1].patches[0]
    assert patch.get_xy() == pytest.approx(((roi.x - 0.5) * PIXEL_UM, (roi.y - 0.5) * PIXEL_UM))
    assert patch.get_width() == pytest.approx(roi.width * PIXEL_UM)


def test_without_the_pixels_size_pictures_are_in_pixels(run_data):
    known = {key: value for key, value in run_data.start.items() if key != "pixel_size_um"}
    axes = only_figure(RunTrials.of(replace(run_data, start=known)), "cell").axes[0]
    assert axes.get_xlabel() == "x (pixels)"
    assert axes.images[0].get_extent() == pytest.approx((-0.5, 79.5, 79.5, -0.5))
    told = replace(run_data, start={**run_data.start, "pixel_size_um": 0.5})
    assert RunTrials.of(told).scale.pixel_um == 0.5
    assert RunTrials.of(told, pixel_um=0.25).scale.pixel_um == 0.25


def test_a_run_of_currents_alone_has_no_traces(run_data):
    arrays = {k: v for k, v in run_data.arrays.items() if k in ("amplifier-current",)}
    currents = RunTrials.of(replace(run_data, arrays=arrays, derived=None))
    assert kinds_of(currents) == ["timing"]
    with pytest.raises(BadInputError, match="traces: it has no voltage to draw; it can show"):
        next(draw_run(currents, "traces"))


def test_bars_are_the_numbers_of_the_analysis(trials, drug_run):
    parameters = trials.placed.parameters
    (roi,) = parameters.rois
    blanks = list(drug_run.column("trial-blank", False))
    placed = PlacedTrials({**drug_run.start, "blanks": blanks}, drug_run.arrays, parameters)
    placed.shifts = [Shift(y_px=y, x_px=x) for y, x in drug_run.derived.columns["shift"]]
    (blank,) = np.flatnonzero(blanks)
    found = trials.found_on - 1
    groups = [[k for k in of if k not in (blank, found)] for of in (range(3), (3, 4))]
    traces = [placed.traces(k, roi) for k in range(5)]
    figure = only_figure(trials, "bars")
    for ion, axes in enumerate(figure.axes[:2]):
        course = fit_bleaching(traces[blank][ion].time_s, traces[blank][ion].dff[None])
        dff = [course.subtract(t[ion].time_s, t[ion].dff)[0] for t in traces]
        time_s, (low_s, high_s) = traces[0][ion].time_s, parameters.response_s
        before, during = time_s < parameters.baseline_s[1], (time_s >= low_s) & (time_s < high_s)
        sizes = [1e2 * (trace[during].mean() - trace[before].mean()) for trace in dff]
        expected = [[sizes[k] for k in group] for group in groups]
        heights = [bar.get_height() for bar in axes.patches]
        np.testing.assert_allclose(heights, [np.mean(values) for values in expected])
        points = [line.get_ydata() for line in axes.lines if line.get_marker() == "o"]
        for shown, values in zip(points, expected, strict=True):
            np.testing.assert_allclose(shown, values)
    measures = bar_measures(trials, roi)
    assert measures[0].values[0].max() > 2  # % of sodium: there is a response
    assert [len(values) for values in measures[2].values] == [len(g) for g in groups]
    assert measures[2].values[0].min() > 1  # mV


def test_difference_images_are_those_of_the_analysis(trials):
    _, sodium, calcium = [a for a in only_figure(trials, "difference").axes if a.images][:3]
    roi = trials.rois[0]
    for axes in (sodium, calcium):
        picture = np.asarray(axes.images[0].get_array())
        inside = picture[roi.y : roi.y + roi.height, roi.x : roi.x + roi.width]
        # More ion is bright in both, also of the dye that darkens.
        assert inside.mean() > 3 * picture.std()


def test_a_film_has_a_row_for_each_ion_on_one_scale(trials):
    figure = only_figure(trials, "film")
    pictures = [axes for axes in figure.axes if axes.images]
    assert len(pictures) == 2 * 9
    assert [axes.get_title() for axes in pictures[:3]] == [
        "\N{MINUS SIGN}8 to 0 ms", "0 to 8 ms", "8 to 16 ms",
    ]  # fmt: skip
    for row in (pictures[:9], pictures[9:]):
        assert len({axes.images[0].get_clim() for axes in row}) == 1
        before, after = (np.asarray(row[k].images[0].get_array()) for k in (0, 3))
        assert after.max() > 2 * before.max()


def test_other_rois_and_trials(run_data):
    rois = [Roi(name="a", y=30, x=30, height=4, width=4),
            Roi(name="b/2", y=40, x=40, height=4, width=4)]  # fmt: skip
    trials = RunTrials.of(run_data, rois=rois, trial=2)
    assert [axes.get_title() for axes in only_figure(trials, "traces").axes[:2]] == [
        "ROI a", "ROI b/2",
    ]  # fmt: skip
    assert [suffix for suffix, _ in draw_run(trials, "profile")] == ["-a", "-b_2"]
    with pytest.raises(BadInputError, match=r"trial 6: run .* has the trials 1 to 5"):
        RunTrials.of(run_data, trial=6)
    outside = Roi(name="far", y=90, x=0, height=4, width=4)
    with pytest.raises(BadInputError, match="far"):
        RunTrials.of(run_data, rois=[outside])
    with pytest.raises(BadInputError, match="no dF/F, so no baseline"):
        RunTrials.of(replace(run_data, derived=None), rois=rois)


def test_a_trial_that_was_judged_bad_is_left_out(run_data):
    ok = np.array([True, False, True, True, True])
    judged = replace(run_data, trials={**run_data.trials, "trial-ok": ok})
    assert RunTrials.of(judged).chosen == (0, 2, 3, 4)
    assert RunTrials.of(judged, trial=2).chosen == (1,)


def test_the_timing_diagram_shows_the_trial(trials):
    whole, enlarged = only_figure(trials, "timing").axes
    assert whole.get_xlim() == pytest.approx((0, 200))
    assert [text.get_text() for text in whole.get_yticklabels()] == [
        "camera exposure", "LED 1: 520 nm, ANG-2, Na", "LED 2: 385 nm, bis-fura-2, Ca", "stimulus",
    ]  # fmt: skip
    camera, led_1, led_2 = (
        [path.get_extents() for path in bars.get_paths()] for bars in enlarged.collections[:3]
    )
    assert [len(bars) for bars in (camera, led_1, led_2)] == [16, 8, 8]
    assert led_2[0].x0 - led_1[0].x0 == pytest.approx(2.0)
    assert led_1[0].width == pytest.approx(1.8)
    pulses = [c.get_paths()[0].get_extents() for c in enlarged.collections
              if c.get_gid() == "pulse"]  # fmt: skip
    assert [pulse.x0 for pulse in pulses] == pytest.approx([36.0, 46.0])


def test_the_foot_says_what_was_done_about_bleaching_and_blanks(trials, run_data):
    blank = trials.blanks.index(True) + 1
    feet = {
        name: only_figure(of, "traces").get_supxlabel().replace("\n", " ")
        for name, of in (
            ("all", trials),
            ("blank", RunTrials.of(run_data, trial=blank)),
            ("one", RunTrials.of(run_data, trial=blank % 5 + 1)),
        )
    }
    assert "Bleaching, fitted to 1 blank trial, is subtracted." in feet["all"]
    assert "blank; dotted lines and triangles mark where stimuli would be." in feet["blank"]
    assert "dotted lines and triangles mark the stimuli" in feet["one"]
    for name in ("blank", "one"):
        assert "Bleaching is not subtracted: one trial is shown as it is." in feet[name]
