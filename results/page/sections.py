"""The sections of a study's page, in order, each with the sentence that says how to read it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A section: its name in addresses, its heading, its place in the menu, and how to read it."""

    name: str
    title: str
    menu: str
    intro: str


SECTIONS = (
    Section(
        "brackets",
        "Brackets: certified below, witnessed above",
        "Brackets",
        "Each bar runs from the largest size that is certified to be needed to the smallest size that a verified witness has."
        " A diamond is a closed bracket: both ends meet. A dashed bar has no witness yet. Where questions"
        " fix q, full lines join the medians of the smallest d seen.",
    ),
    Section(
        "leaderboard",
        "Smallest sizes seen",
        "Smallest sizes",
        "The smallest size that was seen to reach a target is an upper bound on the size that is needed: training may have"
        " failed at smaller ones.",
    ),
    Section(
        "thresholds",
        "How the needed size grows with n",
        "Scaling",
        "q* is the smallest output dimension that reaches the target, d* the number of parameters there. Bars are what is known"
        " of it, one a replicate; a triangle points to where it lies if only one side is known. Black curves are lower bounds: no"
        " smaller size can do it, as far as their status goes.",
    ),
    Section(
        "bounds",
        "Bounds against measurement",
        "Bounds",
        "certified: holds for these data. asymptotic: holds in a limit. heuristic: a rule of thumb. vacuous: excludes nothing"
        " here.",
    ),
    Section(
        "errors",
        "Training error against q",
        "Errors",
        "Lines join the best runs, bands reach to the worst, dots are runs. Dashed: the error that no model of that rank can"
        " beat. What lies more than seven decades below the largest error is drawn on the lower edge.",
    ),
    Section(
        "barrier",
        "Linear and nonlinear reconstruction",
        "Barrier",
        "Dashed: the certified error, on held-out functions, of anything that is linear in its trunk with as many terms."
        " DeepONet and POD-DeepONet cannot lie below it; shift-DeepONet, Fourier neural operators and plain nets may, and where"
        " they do no bound is violated.",
    ),
    Section(
        "data-efficiency",
        "How many functions it takes",
        "Data",
        "Error on held-out functions against the number of training functions. Published curves are on another draw of the same"
        " law; linear least squares is on the very functions of the runs.",
    ),
    Section(
        "baselines",
        "Beside regression on the same data",
        "Regression",
        "Error on held-out functions. Dots are nets; lines are what a linear map, a linear map of rank q, a kernel and others"
        " reach on the same data. The projection is no method: it reads the outputs that it is judged by.",
    ),
    Section(
        "surfaces",
        "Error over widths and q",
        "Widths",
        "Best run of each choice of hidden widths (rows) and q (columns); the menu above a table changes what the cells show.",
    ),
    Section(
        "rays",
        "Rays: growing q and n together at a fixed budget",
        "Rays",
        "Does the training error fall along n = c q^alpha while the number of parameters stays fixed?",
    ),
    Section(
        "optimality",
        "How close training comes to the floor",
        "Optimality",
        "R / floor is 1 for the best model of rank q on these data. What lies above it is lost in training or for want of width,"
        " not for want of q.",
    ),
    Section(
        "audit",
        "Audit of the proof's terms",
        "Audit",
        "The lower bounds for noise count the information about it that a net can hold. Here is how much it held.",
    ),
    Section(
        "companion",
        "What was measured",
        "Measured",
        "Points are measured; what is certified, asymptotic or published elsewhere is drawn as lines of its own.",
    ),
    Section("more", "Other tables", "More", "Tables that stand beside the ones above; their columns are explained under each."),
    Section("failures", "Failures and missing cells", "Failures", "Every cell counts, however it ended."),
    Section("cost", "Cost", "Cost", "CPU seconds of training, on the machines named under provenance."),
    Section("records", "Records", "Records", "One row per cell: what was asked, how it ended, what came out."),
    Section("provenance", "Provenance", "Provenance", "Where these numbers come from, and how to make them again."),
)
