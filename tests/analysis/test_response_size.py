"""The size of a response, against values known by hand and in simulated noise."""

import math
from dataclasses import asdict

import numpy as np
import pytest
import scipy.stats

from blueslice.analysis import ResponseSize, TrialTrace, response_sizes, run_responses
from blueslice.errors import BadInputError

INTERVAL_S = 0.004
TIME_S = 0.0009 + INTERVAL_S * np.arange(50)
BASELINE_S = (0.0, 0.036)
RESPONSE_S = (0.040, 0.066)
# The samples from 0.9 to 32.9 ms, and from 40.9 to 64.9 ms.
BEFORE, DURING = (np.isin(np.arange(50), np.arange(*ends)) for ends in ((0, 9), (10, 17)))
UNBIASED = math.sqrt(1 / BEFORE.sum() + 1 / DURING.sum())


def size_of(dff, *, time_s=TIME_S, blanks=(), baseline_s=BASELINE_S, response_s=RESPONSE_S):
    trials = [TrialTrace(np.asarray(time_s, np.float64), np.asarray(dff, np.float64)), *blanks]
    return response_sizes(trials, baseline_s, response_s)[0]


def blank_of(dff, time_s=TIME_S):
    return TrialTrace(np.asarray(time_s, np.float64), np.asarray(dff, np.float64), blank=True)


def response(time_s=TIME_S, height_dff=0.05):
    """Rise at once after the baseline and fall to half in 20 ms."""
    since_s = np.asarray(time_s) - BASELINE_S[1]
    return np.where(since_s >= 0, height_dff * np.exp(-np.maximum(since_s, 0) / 0.0288), 0.0)


def test_size_and_error_are_those_worked_out_by_hand():
    time_s = np.array([0.0, 0.01, 0.02, 0.03, 0.04, 0.051])
    found = size_of(
        [0.01, -0.01, 0.03, 0.10, 0.08, 0.50],
        time_s=time_s,
        baseline_s=(0.0, 0.025),
        response_s=(0.03, 0.05),
    )
    # baseline: mean 0.01, SD 0.02 of 3 samples; window: mean 0.09 of 2
    assert found.size_dff == pytest.approx(0.08, rel=1e-12)
    assert found.noise_dff == pytest.approx(0.02, rel=1e-12)
    assert found.se_dff == pytest.approx(0.02 * math.sqrt(1 / 3 + 1 / 2), rel=1e-12)
    assert (found.samples, found.degrees) == (2, 2)
    # Student's t of two degrees at 97.5 %
    assert found.least_dff == pytest.approx(4.302653 * found.se_dff, rel=1e-6)
    assert found.is_response is True
    assert found.shape.peak_dff == pytest.approx(0.10 - 0.01, rel=1e-12)
    assert found.shape.peak_time_s == pytest.approx(0.005, rel=1e-12)
    assert math.isnan(found.bleaching_dff)


@pytest.mark.parametrize(
    ("edge_s", "in_baseline", "in_window"), [(0.02, 2, 3), (0.0200001, 3, 2), (0.03, 3, 2)]
)
def test_windows_hold_their_beginning_and_not_their_end(edge_s, in_baseline, in_window):
    time_s = np.array([0.0, 0.01, 0.02, 0.03, 0.04, 0.05])
    found = size_of(
        np.arange(6.0), time_s=time_s, baseline_s=(0.0, edge_s), response_s=(edge_s, 0.05)
    )
    assert (found.degrees + 1, found.samples) == (in_baseline, in_window)


def test_a_size_is_signed():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.001, TIME_S.shape)
    up, down = size_of(noise + response()), size_of(-(noise + response()))
    assert down.size_dff == pytest.approx(-up.size_dff, rel=1e-12)
    assert up.size_dff > 0.02
    assert (up.is_response, down.is_response) == (True, False)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda time_s, dff: (np.append(time_s, [np.nan] * 3), np.append(dff, [np.nan] * 3)),
        lambda time_s, dff: (np.append(time_s, [np.nan]), np.append(dff, [9.0])),
        lambda time_s, dff: (np.insert(time_s, 5, 0.0180), np.insert(dff, 5, np.nan)),
        lambda time_s, dff: (np.insert(time_s, 12, 0.0450), np.insert(dff, 12, np.nan)),
    ],
    ids=["padding", "time alone", "damaged in the baseline", "damaged in the window"],
)
@pytest.mark.parametrize("with_blank", [False, True])
def test_padding_and_damaged_samples_change_nothing(spoil, with_blank):
    rng = np.random.default_rng(1)
    dff, of_blank = rng.normal(0, 0.005, (2, TIME_S.size))
    dff = dff + response()
    blanks = [blank_of(of_blank)] if with_blank else []
    expected = size_of(dff, blanks=blanks)
    time_s, spoilt = spoil(TIME_S, dff)
    assert size_of(spoilt, time_s=time_s, blanks=blanks) == expected
    if with_blank:
        time_s, spoilt = spoil(TIME_S, of_blank)
        assert size_of(dff, blanks=[blank_of(spoilt, time_s)]) == expected


@pytest.mark.parametrize(
    ("told", "dff"),
    [
        ({"response_s": None}, response()),
        ({"response_s": (0.5, 0.6)}, response()),
        ({"baseline_s": (-1.0, 0.0)}, response()),
        ({}, np.full(TIME_S.shape, np.nan)),
        ({}, np.where(BEFORE, np.nan, response())),
        ({}, np.where(DURING, np.nan, response())),
    ],
    ids=["no window", "window outside", "baseline outside", "NaN", "no baseline", "none in it"],
)
def test_without_baseline_or_window_a_size_is_unknown(told, dff):
    found = size_of(dff, **told)
    assert math.isnan(found.size_dff)
    assert found.is_response is None
    assert all(math.isnan(value) for value in asdict(found.shape).values())
    assert found.to_columns()["response"] is None


def test_one_sample_of_baseline_gives_a_size_but_not_whether_it_is_a_response():
    found = size_of(response(), baseline_s=(0.0, 0.004))
    assert found.size_dff == pytest.approx(response()[DURING].mean(), rel=1e-12)
    assert math.isnan(found.se_dff)
    assert found.is_response is None
    assert math.isnan(found.shape.peak_dff)


def test_a_failure_has_a_size_and_its_noise_but_no_peak():
    rng = np.random.default_rng(2)
    found = size_of(rng.normal(0, 0.01, TIME_S.shape))
    assert found.is_response is False
    assert abs(found.size_dff) < found.least_dff
    assert 0.003 < found.noise_dff < 0.02
    assert all(math.isnan(value) for value in asdict(found.shape).values())
    assert found.to_columns()["response"] is False


def test_a_late_sample_of_noise_is_no_peak():
    # 1.5 % at 120.9 ms after the stimulus, in a failure and behind a small response
    time_s = np.sort(np.append(TIME_S, BASELINE_S[1] + 0.1209))
    late = time_s == BASELINE_S[1] + 0.1209
    noise = np.random.default_rng(3).normal(0, 0.001, time_s.shape)
    failure = size_of(np.where(late, 0.015, noise), time_s=time_s)
    assert failure.is_response is False
    assert math.isnan(failure.shape.peak_time_s)
    small = size_of(np.where(late, 0.015, noise + response(time_s, 0.01)), time_s=time_s)
    assert small.is_response is True
    assert small.shape.peak_dff < 0.0145
    assert small.shape.peak_time_s <= RESPONSE_S[1] - BASELINE_S[1]


@pytest.mark.parametrize("course", [lambda t: -0.3 * t, lambda t: -0.3 * t + 0.8 * t**2 + 0.01])
def test_the_bleaching_of_blanks_is_taken_away(course):
    bleaching = course(TIME_S)
    expected = response()[DURING].mean()
    found = size_of(response() + bleaching, blanks=[blank_of(bleaching)] * 2)
    fall = bleaching[DURING].mean() - bleaching[BEFORE].mean()
    assert found.bleaching_dff == pytest.approx(fall, rel=1e-9)
    assert found.size_dff == pytest.approx(expected, rel=1e-9)
    assert found.shape.peak_dff == pytest.approx(response().max(), rel=1e-9)
    alone = size_of(response() + bleaching)
    assert alone.size_dff == pytest.approx(expected + fall, rel=1e-9)
    assert math.isnan(alone.bleaching_dff)
    assert alone.bleaching_se_dff == 0.0


def test_blanks_too_short_for_a_course_take_nothing_away():
    found = size_of(response(), blanks=[blank_of([0.0, -0.5, -1.0], TIME_S[:3])])
    assert math.isnan(found.bleaching_dff)
    assert found.size_dff == pytest.approx(response()[DURING].mean(), rel=1e-12)


@pytest.mark.parametrize("blanks", [1, 3])
def test_errors_are_the_spread_over_many_runs(blanks):
    rng, noise = np.random.default_rng(blanks), 0.01
    bleaching = -0.2 * TIME_S + 0.3 * TIME_S**2
    runs = []
    for _ in range(1500):
        trials = bleaching + rng.normal(0, noise, (1 + blanks, TIME_S.size))
        runs.append(size_of(trials[0], blanks=[blank_of(dff) for dff in trials[1:]]))
    fall = bleaching[DURING].mean() - bleaching[BEFORE].mean()
    taken = np.array([run.bleaching_dff for run in runs])
    taken_se = np.mean([run.bleaching_se_dff for run in runs])
    assert taken.mean() == pytest.approx(fall, abs=4 * taken.std() / math.sqrt(1500))
    assert taken.std(ddof=1) == pytest.approx(taken_se, rel=0.08)
    sizes = np.array([run.size_dff for run in runs])
    variance = np.mean([run.se_dff**2 for run in runs])
    assert sizes.var(ddof=1) == pytest.approx(variance, rel=0.12)
    assert variance == pytest.approx((noise * UNBIASED) ** 2 + taken_se**2, rel=0.05)


def test_one_failure_in_forty_is_taken_for_a_response():
    rng = np.random.default_rng(4)
    told = [size_of(dff).is_response for dff in rng.normal(0, 0.01, (6000, TIME_S.size))]
    # 150 expected, with an SD of 12
    assert 100 < sum(map(bool, told)) < 200


def test_responses_of_five_per_cent_are_above_the_noise():
    rng = np.random.default_rng(5)
    signal = response()
    signal = signal * 0.05 / signal[DURING].mean()
    told = [size_of(signal + dff).is_response for dff in rng.normal(0, 0.02, (500, TIME_S.size))]
    assert np.mean([bool(one) for one in told]) > 0.9


@pytest.mark.parametrize(
    ("time_shape", "dff_shape"), [((50,), (49,)), ((50,), (1, 50)), ((2, 25), (2, 25))]
)
def test_traces_that_do_not_match_are_refused(time_shape, dff_shape):
    trial = TrialTrace(np.zeros(time_shape), np.zeros(dff_shape))
    with pytest.raises(BadInputError, match=rf"\({time_shape[0]}.*give one trace of each"):
        response_sizes([trial], BASELINE_S, RESPONSE_S)


def test_a_run_is_measured_by_trial_roi_and_ion_with_its_own_blanks():
    rng = np.random.default_rng(6)
    noise = rng.normal(0, 0.002, (4, 2, 2, TIME_S.size))
    slopes = {"sodium": np.array([[-0.1], [-0.2]]), "calcium": np.array([[-0.4], [-0.8]])}
    shift_s = {"sodium": 0.0, "calcium": 0.002}
    blanks, rois, traces = {2, 3}, ["head", "shaft"], {}
    for number in (3, 1, 2, 4):
        traces[number] = {}
        for at, ion in enumerate(slopes):
            time_s = TIME_S + shift_s[ion]
            dff = noise[number - 1, at] + slopes[ion] * time_s
            traces[number][ion] = time_s, dff + (0 if number in blanks else response(time_s))
    del traces[4]["calcium"]
    found = run_responses(traces, blanks, rois, BASELINE_S, RESPONSE_S)
    assert len(found) == 2 * (4 + 3)
    for (number, roi, ion), size in found.items():
        trials = [
            TrialTrace(of_ion[ion][0], of_ion[ion][1][rois.index(roi)], other in blanks)
            for other, of_ion in sorted(traces.items())
            if ion in of_ion
        ]
        alone = response_sizes(trials, BASELINE_S, RESPONSE_S)
        assert size == alone[[n for n in sorted(traces) if ion in traces[n]].index(number)]
        assert size.is_response is (number not in blanks)
    falls = [found[1, roi, ion].bleaching_dff for ion in slopes for roi in rois]
    assert falls == sorted(falls, reverse=True)


def test_columns_have_the_names_that_tables_and_files_have():
    rng = np.random.default_rng(7)
    found = size_of(response() + rng.normal(0, 0.001, TIME_S.shape))
    assert isinstance(found, ResponseSize)
    columns = found.to_columns()
    assert columns["size_dff"] == found.size_dff
    assert columns["size_se_dff"] == found.se_dff
    assert columns["response"] is True
    assert columns["peak_dff"] == found.shape.peak_dff
    assert found.least_dff == pytest.approx(
        scipy.stats.t.ppf(0.975, found.degrees) * found.se_dff, rel=1e-12
    )
