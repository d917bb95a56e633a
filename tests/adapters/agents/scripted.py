"""A small agent that speaks ACP and does what its script says; started as `scripted.py SCRIPT`.

The script is JSON: `scenes` is a list of lists of steps, one list for each prompt (the last is
repeated); `version`, `capabilities`, `fail` (method to error), `hang` (method never answered),
`greeting` (what it prints first), `ids` ("text" for string ids). What it was asked is appended to
`$HOME/asked.jsonl`; a session keeps its prompts in `$HOME/sessions.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HOME = Path(os.environ["HOME"])


class Agent:
    def __init__(self, script: dict[str, Any]) -> None:
        self.script = script
        self.number = 0
        self.cancelled = self.logged_in = False
        self.session = ""
        self.kept: dict[str, Any] = {}

    # --- the wire ---

    def write(self, message: Any) -> None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def read(self) -> dict[str, Any]:
        line = sys.stdin.readline()
        if not line:
            raise SystemExit(0)
        return json.loads(line)

    def ask(
        self, method: str, params: dict[str, Any], meanwhile: list[Any] | None = None
    ) -> dict[str, Any]:
        self.number += 1
        mine: Any = f"r{self.number}" if self.script.get("ids") == "text" else self.number
        self.write({"jsonrpc": "2.0", "id": mine, "method": method, "params": params})
        for step in meanwhile or []:
            self.step(step)
        while True:
            message = self.read()
            if message.get("method") == "session/cancel":
                self.cancelled = True
            elif message.get("id") == mine and "method" not in message:
                return message

    def update(self, update: dict[str, Any]) -> None:
        params = {"sessionId": self.session, "update": update}
        self.write({"jsonrpc": "2.0", "method": "session/update", "params": params})

    # --- its memory ---

    def sessions(self) -> dict[str, list[str]]:
        path = HOME / "sessions.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def save(self, sessions: dict[str, list[str]]) -> None:
        (HOME / "sessions.json").write_text(json.dumps(sessions))

    def note(self, what: Any) -> None:
        with (HOME / "asked.jsonl").open("a") as file:
            file.write(json.dumps(what) + "\n")

    # --- requests ---

    def answer(self, message: dict[str, Any]) -> None:  # noqa: C901 - a table of methods
        method, params = message["method"], message.get("params") or {}
        if "id" not in message:
            return
        self.note({"method": method, "params": params})
        if method == self.script.get("hang"):
            time.sleep(3600)
        failing = self.script.get("fail", {}).get(method)
        if failing:
            self.reply(message, error=failing)
            return
        match method:
            case "initialize":
                given = {
                    "protocolVersion": self.script.get("version", 1),
                    "agentCapabilities": self.script.get("capabilities", {}),
                    "authMethods": self.script.get("login", []),
                }
                self.reply(message, given)
            case "authenticate":
                self.logged_in = True
                self.reply(message, {})
            case "session/new" if self.script.get("login") and not self.logged_in:
                self.reply(message, error={"code": -32000, "message": "Authentication required"})
            case "session/new":
                sessions = self.sessions()
                name = f"s{len(sessions) + 1}"
                self.save({**sessions, name: []})
                self.reply(message, {"sessionId": name})
            case "session/load" | "session/resume":
                known = params["sessionId"] in self.sessions()
                error = None if known else {"code": -32602, "message": "no such session"}
                if known and method == "session/load":
                    self.session = params["sessionId"]
                    for text in self.sessions()[self.session]:
                        self.update({"sessionUpdate": "user_message_chunk",
                                     "content": {"type": "text", "text": text}})  # fmt: skip
                        self.update({"sessionUpdate": "agent_message_chunk",
                                     "content": {"type": "text", "text": "replayed"}})  # fmt: skip
                self.reply(message, {} if known else None, error=error)
            case "session/fork":
                sessions = self.sessions()
                name = f"s{len(sessions) + 1}"
                self.save({**sessions, name: list(sessions[params["sessionId"]])})
                self.reply(message, {"sessionId": name})
            case "session/prompt":
                self.prompt(message, params)
            case _:
                self.reply(message, error={"code": -32601, "message": "no such method"})

    def reply(self, message: dict[str, Any], result: Any = None, error: Any = None) -> None:
        mine = str(message["id"]) if self.script.get("ids") == "text" else message["id"]
        end = {"error": error} if error else {"result": result}
        self.write({"jsonrpc": "2.0", "id": mine, **end})

    def prompt(self, message: dict[str, Any], params: dict[str, Any]) -> None:
        self.session, self.cancelled = params["sessionId"], False
        text = "".join(block.get("text", "") for block in params["prompt"])
        sessions = self.sessions()
        place = sum(len(one) for one in sessions.values())
        sessions.setdefault(self.session, []).append(text)
        self.save(sessions)
        self.note({"prompt": text, "session": self.session,
                   "knows": sessions[self.session][:-1]})  # fmt: skip
        counter = HOME / "count"
        place = int(counter.read_text()) if counter.exists() else 0
        counter.write_text(str(place + 1))
        scenes = self.script["scenes"]
        stop = self.play(scenes[min(place, len(scenes) - 1)]) or {"stopReason": "end_turn"}
        self.reply(message, stop)

    def play(self, steps: list[Any]) -> Any:
        for step in steps:
            stop = self.step(step)
            if stop is not None:
                return stop
            if self.cancelled:
                return {"stopReason": "cancelled"}
        return None

    def step(self, step: Any) -> Any:  # noqa: C901 - a table of steps
        match step:
            case {"say": text}:
                self.update({"sessionUpdate": "agent_message_chunk",
                             "content": {"type": "text", "text": text}})  # fmt: skip
            case {"update": update}:
                self.update(update)
            case {"raw": text}:
                sys.stdout.write(text)
                sys.stdout.flush()
            case {"many": count, "text": text}:
                for _ in range(count):
                    self.step({"say": text})
            case {"permit": params, **rest}:
                answer = self.ask(
                    "session/request_permission",
                    {"sessionId": self.session, **params},
                    rest.get("meanwhile"),
                )  # fmt: skip
                self.note({"permission": answer})
                outcome = (answer.get("result") or {}).get("outcome", {})
                yes = str(outcome.get("optionId", "")) in rest.get("means_yes", ["yes", "once"])
                return self.play(rest.get("yes" if yes else "no", []))
            case {"ask": method, **rest}:
                params = json.loads(self.filled(json.dumps(rest.get("params", {}))))
                answer = self.ask(method, {"sessionId": self.session, **params})
                self.note({"answer": answer, "method": method})
                self.kept |= answer.get("result") or {}
            case {"run": command}:
                subprocess.run(["sh", "-c", command], check=False)
            case {"spawn": command}:
                subprocess.Popen(["sh", "-c", command], start_new_session=True)
            case {"wait_cancel": True}:
                while not self.cancelled:
                    if self.read().get("method") == "session/cancel":
                        self.cancelled = True
            case {"ignore_cancel": True}:
                time.sleep(3600)
            case {"crash": code}:
                sys.stderr.write("it all went wrong\n")
                sys.stderr.flush()
                os._exit(code)
            case {"error": error}:
                raise AssertionError(error)
            case {"stop": stop}:
                return stop
        return None

    def filled(self, text: str) -> str:
        for name, value in self.kept.items():
            text = text.replace(f"<{name}>", str(value))
        return text


def main() -> None:
    script = json.loads(Path(sys.argv[1]).read_text())
    sys.stdout.write(script.get("greeting", ""))
    sys.stdout.flush()
    agent = Agent(script)
    while True:
        agent.answer(agent.read())


if __name__ == "__main__":
    main()
