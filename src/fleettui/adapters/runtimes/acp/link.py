"""Link: one running agent program, the connection to it, and what it says it can do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from fleettui import __version__
from fleettui.adapters.processes.child import Child
from fleettui.adapters.processes.keeping import Keeping
from fleettui.adapters.processes.path import find_program
from fleettui.adapters.runtimes.acp.library import Library
from fleettui.adapters.runtimes.acp.shown import one_line
from fleettui.adapters.runtimes.acp.wire import Wire
from fleettui.core.errors import AgentDied, AgentFailed

Serve = Callable[[str, Any, bool], Awaitable[Any]]
AUTH_REQUIRED: Final = -32000  # the protocol's error code
_LOGIN_WITHIN: Final = 60.0
_PASSING: Final = (
    "rate limit", "rate_limit", "429", "overloaded", "timeout", "timed out", "econn",
    "socket hang up", "502", "503", "504", "529", "temporar",
)  # fmt: skip


class Link:
    """An agent that was started and greeted; `session` is the one it has open, empty for none.

    `told` are the instructions given in that session, `costs` what a session had cost last.
    """

    def __init__(self, name: str, library: Library, child: Child, wire: Wire, serve: Serve) -> None:
        self.name, self.library, self.child, self.wire = name, library, child, wire
        self.capabilities: Mapping[str, Any] = {}
        self.logins: Sequence[Mapping[str, Any]] = ()
        self.needs_login = False
        self.session = ""
        self.told = ""
        self.costs: dict[str, float] = {}
        self.options: Sequence[Any] = ()
        self._connection = library.connection(serve, wire)
        self._ended = False

    @classmethod
    async def start(
        cls, library: Library, argv: Sequence[str], *, cwd: str, env: Mapping[str, str],
        keeping: Keeping, serve: Serve, within: float,
    ) -> Link:  # fmt: skip
        """Start an agent and greet it; raises AgentFailed or AgentDied, and leaves nothing then."""
        program = find_program(argv[0], path=env["PATH"], cwd=cwd)
        if not program:
            raise AgentFailed(f"program not found: {argv[0]}", "install it, or mend spec.command")
        try:
            child = await Child.start(argv, program=program, cwd=cwd, env=env, keeping=keeping)
        except OSError as failure:
            raise AgentFailed(f"{argv[0]} can't be started: {failure}") from None
        link = cls(os.path.basename(argv[0]), library, child, Wire(child), serve)
        try:
            await link._greet(within)
        except BaseException:
            await link.end()
            raise
        return link

    async def _greet(self, within: float) -> None:
        schema = self.library.schema
        answer = await self.ask(
            "initialize",
            schema.InitializeRequest(
                protocol_version=self.library.version,
                client_capabilities=schema.ClientCapabilities(
                    fs=schema.FileSystemCapabilities(read_text_file=True, write_text_file=True),
                    terminal=True,
                ),
                client_info=schema.Implementation(
                    name="fleettui", title="fleettui", version=__version__
                ),
            ),
            within=within,
        )
        spoken = answer.get("protocolVersion", self.library.version)
        if str(spoken) != str(self.library.version):
            raise AgentFailed(
                f"{self.name} speaks version {one_line(str(spoken))} of the protocol, "
                f"fleettui speaks {self.library.version}",
                "use a release of the agent that speaks the same",
            )
        self.capabilities = mapping(answer.get("agentCapabilities"))
        methods = answer.get("authMethods")
        self.logins = [mapping(one) for one in (methods if isinstance(methods, list) else [])]

    async def log_in(self) -> bool:
        """Log in with a key of the environment, where the agent wants to be told to; say if so.

        Every other way needs a person at a browser or a terminal.
        """
        for method in self.logins:
            words = f"{method.get('id')} {method.get('name')}".lower().replace("-", " ")
            if method.get("type") == "env_var" or "api key" in words.replace("_", " "):
                request = self.library.schema.AuthenticateRequest(method_id=str(method.get("id")))
                try:
                    await self.ask("authenticate", request, within=_LOGIN_WITHIN)
                except (AgentDied, AgentFailed):
                    continue
                return True
        return False

    def can(self, what: str) -> bool:
        """Say whether it offers `load`, or a further thing to do with sessions."""
        if what == "load":
            return self.capabilities.get("loadSession") is True
        offered = mapping(self.capabilities.get("sessionCapabilities")).get(what)
        return offered is not None and offered is not False

    @property
    def alive(self) -> bool:
        return not self._ended and self.child.exit_code is None and not self.wire.trouble

    async def ask(self, method: str, params: Any, within: float | None = None) -> dict[str, Any]:
        """Send a request; raises AgentFailed for an error, AgentDied for an end or no answer."""
        try:
            async with asyncio.timeout(within):
                answer = await self._connection.send_request(method, self.library.serialize(params))
        except TimeoutError:
            said = f"; it wrote: {self._words()}" if self._words() else ""
            raise AgentDied(
                f"{self.name} did not answer {method} within {within:g} s{said}",
                "see that the command speaks ACP over stdio",
            ) from None
        except ConnectionError:
            raise await self.ended_early(method) from None
        except self.library.error as error:
            raise self._refused(method, error) from None
        return mapping(answer)

    async def tell(self, method: str, params: Any) -> None:
        """Send a notification; an agent that is gone needs none."""
        try:
            await self._connection.send_notification(method, self.library.serialize(params))
        except ConnectionError:
            return

    def _refused(self, method: str, error: Any) -> AgentFailed:
        message = one_line(str(error) or "no reason given")
        details = getattr(error, "data", None)
        if isinstance(details, dict) and details.get("details"):
            message = f"{message}: {one_line(str(details['details']))}"
        if getattr(error, "code", 0) == AUTH_REQUIRED:
            self.needs_login = True
            named = [one_line(str(one.get("name") or one.get("id") or "")) for one in self.logins]
            ways = f" ({', '.join(filter(None, named))})" if any(named) else ""
            return AgentFailed(
                f"{self.name} is not logged in{ways}: {message}",
                "give its key under spec.environment, or a HOME where it is logged in",
            )
        passing = any(word in message.lower() for word in _PASSING)
        return AgentFailed(f"{self.name} refused {method}: {message}", retryable=passing)

    async def ended_early(self, during: str) -> AgentFailed | AgentDied:
        """Say how the agent ended while something was asked of it."""
        await self.child.wait_ended(2.0)
        if self.wire.trouble:
            return AgentFailed(
                f"{self.name} does not keep to the protocol: {self.wire.trouble}",
                "see that the command speaks ACP over stdio",
            )
        code = self.child.exit_code
        how = "closed its output" if code is None else f"ended with exit code {code}"
        words = f": {self._words()}" if self._words() else ""
        if over := self.child.over:
            return AgentDied(f"{self.name} was killed during {during}: {over}")
        said = f"{self.name} {how} during {during}{words}"
        mend = "see that the command speaks ACP over stdio" if during == "initialize" else ""
        return AgentDied(said, mend)

    def _words(self) -> str:
        """Give the last line it wrote that was not for us."""
        words = self.child.last_words or self.wire.noise
        return one_line(words.strip().rpartition("\n")[2])

    async def end(self) -> None:
        """Close the connection, and end the program with all it started."""
        if self._ended:
            return
        self._ended = True
        try:
            await self._connection.close()
        finally:
            await self.child.end()


def mapping(value: Any) -> dict[str, Any]:
    """Give a value if it is a mapping, else an empty one: agents leave things out."""
    return value if isinstance(value, dict) else {}
