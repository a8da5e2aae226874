"""Control software for a brain-slice rig that images sodium and calcium at once."""
