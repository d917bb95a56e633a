"""What every mode with a vote shares: the ballot's rule, and how voters are told to vote."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.ballot import Rule
from fleettui.core.spec.consensus import Consensus
from fleettui.core.state.fleet import FleetState

ABSTAIN = "abstain"


def wanted_consensus(state: FleetState) -> Consensus | None:
    """Give the file's consensus, None where the file asks for no vote."""
    assert state.spec is not None
    coordination = state.spec.spec.coordination
    asked = "consensus" in coordination.model_fields_set
    return coordination.consensus if asked else None


def ballot_rule(state: FleetState, agents: Sequence[str], consensus: Consensus) -> Rule:
    """Make a ballot's rule; an agent's weight is consensus.weights' word, else its own."""
    weights: dict[str, float] = {}
    for agent in agents:
        entry = state.entry_of(agent)
        named = consensus.weights.get(entry.name, entry.weight)
        weights[agent] = consensus.weights.get(agent, named)
    return Rule(
        algorithm=consensus.algorithm,
        options=tuple(consensus.options),
        voters=weights,
        min_votes=consensus.min_votes,
        allow_partial=consensus.allow_partial,
        min_confidence=consensus.min_confidence,
    )


def voting_prompt(options: Sequence[str]) -> str:
    """Tell a voter how to vote."""
    return (
        f"call the tool submit_result with a verdict ({', '.join(options)}; or {ABSTAIN}), your "
        "confidence from 0 to 1, your reason and your findings. Without that tool, end your "
        "answer with one line: VOTE: verdict (confidence) reason"
    )
