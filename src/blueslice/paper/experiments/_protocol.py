"""What all experiments have in common."""

__all__ = [
    "AREA_PX",
    "AREA_UA",
    "BLANKS",
    "LEAST_SDS",
    "MM_PER_DFF",
    "PIXEL_UM",
    "REST_S",
    "TRIALS",
]

# The paper: 5-10 trials of a cell before light has damaged it.
TRIALS = 8
# Without a stimulus, first: what bleaching does is taken from them.
BLANKS = 2
REST_S = 20.0
# Strong enough for several spines.
AREA_UA = 110.0
# 4 um: the paper looks at events of up to 5 um, at "an ROI that might include several spines".
AREA_PX = 10
PIXEL_UM = 0.4
# The conversion of Fig 5: 10 % of ANG-2 are 2.3 mM.
MM_PER_DFF = 23.0
# Where noise is more than a tenth of the peak, the 10 % point cannot be timed.
LEAST_SDS = 10.0
