"""What callers of any history ask for: one job."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.property.held_back import TYPES
from tests.property.picking_out import QUEUES
from tests.property.taking_turns import TENANTS

LIMITS = {"k1": 1, "k2": 2}

queues = st.sampled_from(QUEUES)
asks = st.fixed_dictionaries(
    {
        "queue": queues,
        "kind": st.sampled_from(TYPES),
        "delayed": st.sampled_from((False, False, False, True)),
        "mortal": st.sampled_from((False, False, False, True)),
        "key": st.sampled_from(("", "", "k1", "k2")),
        "unique": st.sampled_from(("", "", "", "u")),
        "most": st.integers(1, 3),
        "followed": st.booleans(),
        "kept": st.booleans(),
        "takes": st.sampled_from((0, 0, 0, 1, 3)),
        "tenant": st.sampled_from(TENANTS),
    }
)
