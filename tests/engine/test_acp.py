"""Agents that are programs: prompted, asked about, recorded; a scripted agent over ACP."""

from __future__ import annotations

from pathlib import Path

from tests.engine.acp_kit import command_call, ended, scene_of_command, staged


async def test_an_answer_is_recorded_with_what_it_cost(tmp_path: Path) -> None:
    usage = {"inputTokens": 11, "outputTokens": 7, "cachedReadTokens": 2, "totalTokens": 20}
    cost = {"sessionUpdate": "usage_update", "used": 1, "size": 2,
            "cost": {"amount": 0.25, "currency": "USD"}}  # fmt: skip
    scene = [{"say": "one "}, {"say": "two"}, {"update": cost},
             {"stop": {"stopReason": "end_turn", "usage": usage}}]  # fmt: skip
    async with staged(tmp_path, [scene]) as stage:
        run = await stage.run("count")
        assert (run.status, stage.output(run)) == ("finished", "one two")
        bill = stage.state.agents["a"].bill
        assert (bill.input_tokens, bill.output_tokens, bill.cost) == (13, 7, 0.25)
        assert bill.priced
        (prompt,) = stage.prompts()
        assert "Work well." in prompt["prompt"]
        assert prompt["prompt"].endswith("count")
        new = next(one for one in stage.asked() if one.get("method") == "session/new")
        assert new["params"]["cwd"] == str(stage.workspace)


async def test_a_command_waits_in_the_inbox_runs_once_allowed_and_is_recorded(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, [scene_of_command("touch made")]) as stage:
        name = await stage.begin()
        row = await stage.wait_item()
        assert row.action is not None
        assert (row.action.tool, row.action.argv) == ("acp:execute", ("touch", "made"))
        assert not (stage.workspace / "made").exists()
        await stage.allow(row)
        run = await stage.wait_end(name)
        assert (stage.workspace / "made").exists()
        assert stage.output(run) == "done"
        action = stage.state.actions[row.id]
        assert (action.status, action.ok) == ("finished", True)
        assert ("tool", "execute: touch made") in stage.log()
        texts = [(one.kind, one.text.head) for one in stage.state.agents["a"].transcript]
        assert ("reply", "I will. ") in texts
        assert ("result", "it ran") in texts


async def test_a_refusal_reaches_the_agent_with_its_reason(tmp_path: Path) -> None:
    scenes = [scene_of_command("touch made", ""), [{"say": "then not"}]]
    async with staged(tmp_path, scenes) as stage:
        name = await stage.begin()
        row = await stage.wait_item()
        await stage.deny(row, "use git instead")
        run = await stage.wait_end(name)
        assert stage.output(run) == "then not"
        assert not (stage.workspace / "made").exists()
        told = stage.prompts()[1]["prompt"]
        assert "touch made" in told
        assert "use git instead" in told
        answer = next(one for one in stage.asked() if "permission" in one)["permission"]
        assert answer["result"]["outcome"] == {"outcome": "selected", "optionId": "no"}


async def test_what_the_policy_knows_is_not_asked(tmp_path: Path) -> None:
    scenes = [scene_of_command("touch made"), scene_of_command("rm -rf /tmp/x && ls"),
              [{"say": "no then"}]]  # fmt: skip
    policy = {"allow": ["touch made"], "deny": ["rm -rf *"]}
    async with staged(tmp_path, scenes, policy=policy) as stage:
        await stage.run()
        assert (stage.workspace / "made").exists()
        run = await stage.run()
        assert stage.output(run) == "no then"
        statuses = [(one.status, one.rule) for one in stage.state.actions.values()]
        assert statuses[0] == ("finished", "allow: touch made")
        assert statuses[1][0] == "denied"


async def test_always_saves_a_rule_of_ours_and_answers_once(tmp_path: Path) -> None:
    async with staged(tmp_path, [scene_of_command("touch made")]) as stage:
        name = await stage.begin()
        row = await stage.wait_item()
        assert row.always == "touch made"
        await stage.allow(row, "agent")
        await stage.wait_end(name)
        await stage.run("again")
        answers = [one["permission"] for one in stage.asked() if "permission" in one]
        assert [one["result"]["outcome"]["optionId"] for one in answers] == ["once", "once"]
        assert [one.status for one in stage.state.actions.values()] == ["finished", "finished"]


async def test_a_script_is_judged_by_all_its_commands_and_offers_no_always(tmp_path: Path) -> None:
    async with staged(tmp_path, [scene_of_command("ls && touch a > b")]) as stage:
        name = await stage.begin()
        row = await stage.wait_item()
        assert row.action is not None
        assert (row.action.argv, row.always) == ((), "")
        assert row.action.arguments == {"script": "ls && touch a > b"}
        await stage.allow(row)
        await stage.wait_end(name)


async def test_what_the_agent_does_unasked_is_flagged(tmp_path: Path) -> None:
    call = {"sessionUpdate": "tool_call", "toolCallId": "x", "title": "Read it", "kind": "read",
            "status": "in_progress", "rawInput": {"path": "a.py"}}  # fmt: skip
    steps = [("look", "completed"), ("write", "pending")]
    entries = [{"content": what, "status": status} for what, status in steps]
    plan = {"sessionUpdate": "plan", "entries": entries}
    unknown = {"sessionUpdate": "something_new", "whatever": 1}
    scene = [{"update": plan}, {"update": unknown}, {"update": call}, ended("x", "text of it"),
             {"say": "ok"}]  # fmt: skip
    async with staged(tmp_path, [scene]) as stage:
        run = await stage.run()
        assert stage.output(run) == "ok"
        assert ("note", "plan\n[x] look\n[ ] write") in stage.log()
        assert ("tool", "read: Read it") in stage.log()
        assert ("out", "[not asked] completed\ntext of it") in stage.log()
        assert not stage.state.actions


async def test_an_edit_shows_its_diff_and_covers_the_write_it_leads_to(tmp_path: Path) -> None:
    path = str(tmp_path / "ws" / "new.txt")
    diff = {"type": "diff", "path": path, "oldText": None, "newText": "hello\n"}
    permit = command_call("x")
    permit["toolCall"] = {"toolCallId": "e", "title": "Write", "kind": "edit", "content": [diff]}
    write = {"ask": "fs/write_text_file", "params": {"path": path, "content": "hello\n"}}
    other = {"ask": "fs/write_text_file", "params": {"path": path, "content": "other\n"}}
    scene = [{"permit": permit, "yes": [write, other, ended("e")]}, {"say": "ok"}]
    async with staged(tmp_path, [scene]) as stage:
        name = await stage.begin()
        row = await stage.wait_item()
        assert row.action is not None
        assert "+hello" in row.action.preview
        assert row.action.arguments["path"] == "new.txt"
        await stage.allow(row)
        second = await stage.wait_item()
        assert second.action is not None
        assert second.action.tool == "write_file"
        assert Path(path).read_text() == "hello\n"
        await stage.deny(second, "enough")
        await stage.wait_end(name)
        assert Path(path).read_text() == "hello\n"
        answers = [one["answer"] for one in stage.asked() if "answer" in one]
        assert answers[0]["result"] == {}
        assert "enough" in answers[1]["error"]["message"]


async def test_files_are_read_exactly_and_only_inside_the_workspace(tmp_path: Path) -> None:
    inside = str(tmp_path / "ws" / "a.txt")
    scene = [
        {"ask": "fs/read_text_file", "params": {"path": inside}},
        {"ask": "fs/read_text_file", "params": {"path": inside, "line": 2, "limit": 1}},
        {"ask": "fs/read_text_file", "params": {"path": str(tmp_path / "fleet.yaml")}},
        {"ask": "no/such_method", "params": {}},
        {"say": "ok"},
    ]
    (tmp_path / "ws").mkdir()
    Path(inside).write_text("one\n\n  two\nthree")
    async with staged(tmp_path, [scene]) as stage:
        await stage.run()
        whole, part, outside, unknown = [one["answer"] for one in stage.asked() if "answer" in one]
        assert whole["result"] == {"content": "one\n\n  two\nthree"}
        assert part["result"] == {"content": "\n"}
        assert "outside the workspace" in outside["error"]["message"]
        assert unknown["error"]["code"] == -32601


async def test_a_vote_is_the_line_of_the_last_text_and_is_asked_for_once_more(
    tmp_path: Path,
) -> None:
    scenes = [[{"say": "I think it is fine."}], [{"say": "VOTE: approve (0.9) it is fine"}]]
    consensus = {"algorithm": "majority"}
    async with staged(tmp_path, scenes, consensus=consensus) as stage:
        run = await stage.run()
        ballot = stage.state.ballots[run.ballot]
        assert ballot.verdict is not None
        assert ballot.verdict.verdict == "approve"
        assert "Your vote is missing" in stage.prompts()[1]["prompt"]
        assert "Work well." not in stage.prompts()[1]["prompt"], "instructions are told once"


async def test_an_agent_that_wants_to_be_told_to_use_its_key_is(tmp_path: Path) -> None:
    methods = [{"id": "oauth-personal", "name": "Log in with a browser"},
               {"id": "gemini-api-key", "name": "Use an API key"}]  # fmt: skip
    async with staged(tmp_path, [[{"say": "in"}]], script={"login": methods}) as stage:
        run = await stage.run()
        assert stage.output(run) == "in"
        logins = [one["params"] for one in stage.asked() if one.get("method") == "authenticate"]
        assert logins == [{"methodId": "gemini-api-key"}]


async def test_options_of_unknown_kinds_are_read_by_their_names(tmp_path: Path) -> None:
    permit = command_call("touch made")
    permit["options"] = [{"optionId": "proceed_once", "name": "Yes, allow once", "kind": "proceed"},
                         {"optionId": "cancel", "name": "No", "kind": "stop"}]  # fmt: skip
    means = ["proceed_once"]
    scene = [{"permit": permit, "means_yes": means, "yes": [{"run": "touch made"}, ended()]},
             {"say": "ok"}]  # fmt: skip
    async with staged(tmp_path, [scene], policy={"allow": ["touch made"]}) as stage:
        await stage.run()
        assert (stage.workspace / "made").exists()


async def test_what_an_agent_reports_while_a_person_looks_changes_nothing(tmp_path: Path) -> None:
    more = {"sessionUpdate": "tool_call_update", "toolCallId": "t1", "status": "in_progress",
            "rawInput": {"command": "touch made", "cwd": "/tmp", "description": "why"}}  # fmt: skip
    permit = {"permit": command_call("touch made"), "meanwhile": [{"update": more}],
              "yes": [{"run": "touch made"}, ended()]}  # fmt: skip
    async with staged(tmp_path, [[permit, {"say": "ok"}]]) as stage:
        name = await stage.begin()
        await stage.allow(await stage.wait_item())
        await stage.wait_end(name)
        assert [one.status for one in stage.state.actions.values()] == ["finished"]
