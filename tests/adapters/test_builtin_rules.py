"""Every rule of the reviewer finds its own case, and ordinary code stays clean."""
# ruff: noqa: E501 - one case is one line

from __future__ import annotations

import pytest

from fleettui.adapters.models.builtin.diff import FileDiff, Line
from fleettui.adapters.models.builtin.findings import find
from fleettui.adapters.models.builtin.rules import RULES
from fleettui.core.model import Finding

ALL = ("security", "performance", "quality")
# Secrets are joined here so that no scanner takes this file for a leak.
CASES: dict[str, tuple[str, str]] = {
    "secret-aws": ("a.py", 'KEY = "AKIA' + 'QX7ZJ5T2MN4PLW8R"'),
    "secret-aws-secret": ("a.tf", 'aws_secret_access_key = "' + "wJalrXUtnFEMIaK7MDENGabPxRfiCYzz" + 'Q1q2W3e4"'),
    "secret-github": ("README.md", "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
    "secret-gitlab": ("a.yml", "token: glpat-" + "a1B2c3D4e5F6g7H8i9J0"),
    "secret-slack": ("a.js", "const t = 'xoxb-" + "123456789012-abcdefGHIJ'"),
    "secret-stripe": ("a.rb", "Stripe.api_key = 'sk_live_" + "a1B2c3D4e5F6g7H8'"),
    "secret-google": ("a.ts", "key: 'AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q'"),
    "secret-llm": ("a.py", "k = 'sk-" + "proj-A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6'"),
    "secret-package": ("a.npmrc", "//r/:_authToken=npm_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
    "secret-private-key": ("a.txt", "-----BEGIN RSA " + "PRIVATE KEY-----"),
    "secret-jwt": ("a.go", 't := "eyJhbGciOiJIUzI1' + "NiJ9.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4"),
    "merge-marker": ("a.css", "<" * 7 + " HEAD"),
    "shell-true": ("a.py", "subprocess.run(cmd, shell=True)"),
    "shell-system": ("a.py", 'os.system("rm " + name)'),
    "shell-exec-js": ("a.js", "exec(`git log ${branch}`)"),
    "shell-exec-go": ("a.go", 'cmd := exec.Command("sh", "-c", "ls "+dir)'),
    "shell-exec-java": ("A.java", 'Runtime.getRuntime().exec("ls " + dir);'),
    "shell-exec-php": ("a.php", "shell_exec('ls ' . $dir);"),
    "shell-exec-ruby": ("a.rb", 'system("ls #{dir}")'),
    "shell-eval": ("a.sh", 'eval "$cmd"'),
    "shell-pipe": ("a.sh", "curl -s https://x.example/i.sh | sudo bash"),
    "ci-injection": ("a.yml", "  run: echo ${{ github.event.issue.title }}"),
    "sql-fstring": ("a.py", 'cur.execute(f"SELECT * FROM users WHERE id = {uid}")'),
    "sql-template": ("a.ts", "db.query(`SELECT id FROM t WHERE n = '${name}'`)"),
    "sql-format": ("A.java", 'String q = "SELECT id FROM t WHERE n = \'" + name + "\'";'),
    "sql-sprintf": ("a.go", 'q := fmt.Sprintf("DELETE FROM t WHERE id = %s", id)'),
    "sql-php": ("a.php", '$q = "SELECT id FROM t WHERE n = \'$name\'";'),
    "eval": ("a.js", "const v = eval(input)"),
    "deserialize": ("a.py", "pickle.loads(body)"),
    "deserialize-java": ("A.java", "var in = new ObjectInputStream(stream);"),
    "yaml-load": ("a.py", "yaml.load(text)"),
    "path-traversal": ("a.js", "res.sendFile(req.query.name)"),
    "ssrf": ("a.py", 'requests.get(request.args["url"])'),
    "open-redirect": ("a.py", 'return redirect(request.args["next"])'),
    "xss-html": ("a.js", "box.innerHTML = comment"),
    "xss-safe": ("a.html", "<p>{{ comment | safe }}</p>"),
    "tls-off": ("a.go", "cfg := &tls.Config{InsecureSkipVerify: true}"),
    "tls-curl": ("a.sh", "curl -sk https://x.example"),
    "weak-hash": ("a.js", "crypto.createHash('md5')"),
    "weak-cipher": ("A.java", 'Cipher.getInstance("DES");'),
    "weak-random": ("a.js", "const token = Math.random().toString(36)"),
    "jwt-unchecked": ("a.py", 'jwt.decode(t, options={"verify_signature": False})'),
    "cors-any": ("a.js", "res.setHeader('Access-Control-Allow-Origin', '*')"),
    "debug-on": ("a.py", "app.run(debug=True)"),
    "permissions": ("Dockerfile", "RUN chmod -R 777 /app"),
    "unpack": ("a.py", "archive.extractall(folder)"),
    "privileged": ("a.yaml", "      privileged: true"),
    "yaml-anybody": ("a.yaml", '  CidrIp: "0.0.0.0/0"'),
    "xxe": ("a.py", "parser = etree.XMLParser(resolve_entities=True)"),
    "c-unbounded": ("a.c", "strcpy(buffer, argv[1]);"),
    "c-format": ("a.c", "printf(message);"),
    "query-each": ("a.py", "users = [session.get(User, i) for i in ids]"),
    "read-all": ("a.py", "for line in handle.readlines():"),
    "read-all-go": ("a.go", "body, err := io.ReadAll(r.Body)"),
    "read-sync": ("a.ts", "const text = fs.readFileSync(path)"),
    "select-all": ("a.go", 'rows := db.Rows("SELECT * FROM users")'),
    "row-by-row": ("a.py", "for _, row in frame.iterrows():"),
    "like-prefix": ("a.sql", "SELECT id FROM t WHERE name LIKE '%x'"),
    "json-copy": ("a.js", "const copy = JSON.parse(JSON.stringify(state))"),
    "spread-reduce": ("a.js", "xs.reduce((all, x) => ({ ...all, [x.id]: x }), {})"),
    "pluck-in": ("a.py", "if name in list(names):"),
    "todo": ("a.go", "// TODO: handle this"),
    "debugger": ("a.js", "  debugger;"),
    "debug-print": ("a.ts", "  console.log(user)"),
    "debug-print-py": ("a.py", 'print("here", x)'),
    "only-test": ("a.test.js", "it.only('works', () => {"),
    "skipped-test": ("test_a.py", "@pytest.mark.skip"),
    "bare-except": ("a.py", "except:"),
    "broad-except": ("a.py", "except Exception as error:"),
    "empty-catch": ("a.js", "try { go() } catch (e) {}"),
    "broad-catch": ("A.java", "} catch (Exception e) {"),
    "ignored-error": ("a.go", "data, _ := json.Marshal(v)"),
    "unwrap": ("a.rs", "let file = File::open(path).unwrap();"),
    "loose-equal": ("a.js", "if (a == b) {"),
    "type-silenced": ("a.ts", "// @ts-ignore"),
    "string-compare": ("A.java", 'if (name == "admin") {'),
    "mutable-default": ("a.py", "def add(item, into=[]):"),
    "star-import": ("a.py", "from os.path import *"),
}  # fmt: skip


def review(path: str, text: str, roles: tuple[str, ...] = ALL) -> list[Finding]:
    lines = [Line(number, line, added=True) for number, line in enumerate(text.split("\n"), 1)]
    return find([FileDiff(path, new=True, hunks=[lines])], [], "", roles)[0]  # type: ignore[arg-type]


def rules(path: str, text: str) -> set[str]:
    return {finding.rule for finding in review(path, text)}


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == {rule.name for rule in RULES}


@pytest.mark.parametrize("name", CASES)
def test_a_rule_finds_its_case(name: str) -> None:
    assert name in rules(*CASES[name])


def test_one_fault_is_told_once() -> None:
    assert len(review(*CASES["sql-sprintf"])) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", 'API_TOKEN = "q7Zx81mPw22LkdV9"'), ("a.js", 'const config = { password: "hunter22!" }'),
        ("a.yml", "db_password: s3cr3tValue9"), ("a.go", 'dsn := "postgres://app:Tr0ub4dor@db/x"'),
        ("A.java", 'private static final String apiKey = "9fK2mPq8Zt4Lw1Xc";'),
        ("a.env", "export CLIENT_SECRET=9fK2mPq8Zt4Lw1Xc"), ("a.py", 'cfg["password"] = "letmein9"'),
    ],
)  # fmt: skip
def test_an_assigned_secret_is_found(path: str, text: str) -> None:
    assert "secret-assigned" in rules(path, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", 'password = os.environ["DB_PASSWORD"]'), ("a.py", 'token_url = "https://x.example/oauth2/token99"'),
        ("a.py", 'password: str = "changeme"'), ("a.js", "const password = getPassword()"),
        ("a.yml", "password: ${DB_PASSWORD}"), ("a.yml", "secretName: app-secrets"),
        ("a.py", 'PASSWORD_FIELD = "user_password"'), ("a.tsx", '<input name="password" type="password" />'),
        ("a.go", 'Token string `json:"token"`'), ("a.yml", "image: postgres://user:${PW}@db/x"),
        ("a.py", 'subprocess.run(["git", "log"], check=True)'), ("a.py", 'os.system("clear")'),
        ("a.py", 'cur.execute("SELECT id FROM t WHERE id = %s", (uid,))'), ("a.py", "model.eval()"),
        ("a.py", 'log.info(f"select the best from {names}")'), ("a.py", "yaml.load(text, Loader=SafeLoader)"),
        ("a.js", "db.query('SELECT id FROM t WHERE id = $1', [id])"), ("a.js", "if (a === b && c !== d) {"),
        ("a.js", "const found = pattern.exec(`${name}`)"), ("a.js", "box.innerHTML = ''"),
        ("a.js", "xs.map((x) => x.id)"), ("a.ts", "if (value == null) return"), ("a.go", "for _, x := range xs {"),
        ("a.go", 'out, err := exec.Command("git", "log").Output()'), ("A.java", 'if ("a".equals(name)) {'),
        ("a.sql", "UPDATE t SET a = 1 WHERE id = 2;"), ("a.yml", "permissions: read-all"),
        ("a.sh", "curl -fsSL https://x.example -o file"), ("a.rst", "=" * 7), ("a.md", "call eval(x), shell=True, TODO"),
        ("a.py", 'print(f"{count} files")'), ("a.py", "# never use shell=True here"), ("a.c", 'printf("%d", n);'),
        ("a.py", "with open(path) as file:"), ("a.py", "hashlib.sha256(body)"), ("a.py", "raise ValueError from None"),
        ("a.py", 'ids = sorted({row["id"] for row in rows})'), ("a.css", ".token { color: #ff0000 }"),
    ],
)  # fmt: skip
def test_ordinary_code_stays_clean(path: str, text: str) -> None:
    assert not rules(path, text)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ("sql-fstring", "a.py", 'q = f"""SELECT *\nFROM t\nWHERE id = {uid}"""'),
        ("sql-template", "a.js", "db.query(`\n SELECT *\n FROM t WHERE id = ${id}`)"),
        ("sql-format", "a.go", 'q := "SELECT id FROM t "\nq += " AND name = \'" + name + "\'"'),
        ("query-in-loop", "a.py", "for order in orders:\n    user = db.get(User, order.user)\n"),
        ("query-in-loop", "a.py", "for i in ids:\n    if i:\n        cur.execute('SELECT 1', (i,))"),
        ("query-in-loop", "a.js", "for (const o of orders) {\n  const u = await User.findOne({ id: o.u });\n}"),
        ("query-in-loop", "a.js", "orders.forEach(async (o) => {\n  await db.query('q', [o.id])\n})"),
        ("query-in-loop", "a.go", "for _, o := range orders {\n\trow := db.QueryRow(q, o.ID)\n}"),
        ("query-in-loop", "A.java", "for (Order o : orders) {\n  userRepository.findById(o.getUser());\n}"),
        ("query-in-loop", "a.rb", "orders.each do |o|\n  User.objects.get(o.id)\nend"),
        ("query-in-loop", "a.js", "const all = await Promise.all(xs.map((x) => Item.findOne({ id: x })))"),
        ("query-in-loop", "a.js", "for (const o of os) {\n  o.user = await User.findByPk(o.u);\n}"),
        ("request-in-loop", "a.py", "for u in urls:\n    r = requests.get(u, timeout=5)"),
        ("regex-in-loop", "a.py", "for t in texts:\n    p = re.compile(t)"),
        ("nested-loops", "a.py", "for a in items:\n    for b in items:\n        go(a, b)"),
        ("nested-loops", "a.js", "for (const a of xs) {\n  for (const b of ys) {\n    go()\n  }\n}"),
        ("defer-in-loop", "a.go", "for _, f := range files {\n\tdefer f.Close()\n}"),
        ("blocking-in-async", "a.py", "async def go():\n    time.sleep(1)"),
        ("long-function", "a.py", "def go():\n" + "    x = 1\n" * 100),
        ("long-function", "a.js", "function go() {\n" + "  x();\n" * 100 + "}"),
        ("long-function", "a.go", "func Go() {\n" + "\tx()\n" * 100 + "}"),
        ("silent-error", "a.py", "try:\n    go()\nexcept Exception:\n    pass"),
        ("silent-error", "A.java", "try {\n  go();\n} catch (IOException e) {\n}"),
        ("commented-code", "a.py", "# x = compute(1)\n# if x:\n# return x;"),
        ("commented-code", "a.js", "// const a = go();\n// send(a);"),
    ],
)  # fmt: skip
def test_what_several_lines_show_is_found(rule: str, path: str, text: str) -> None:
    assert rule in rules(path, text)


def test_a_query_after_the_loop_or_over_a_few_fixed_things_is_fine() -> None:
    assert "query-in-loop" not in rules("a.py", "for i in ids:\n    go(i)\ncur.execute('SELECT 1')")
    assert "query-in-loop" not in rules("a.py", 'for p in ("a", "b"):\n    db.execute(p)')


def test_each_role_looks_for_its_own_but_all_for_leaked_keys() -> None:
    leak = CASES["secret-aws"]
    for role in ALL:
        assert review(*leak, (role,))[0].severity == "critical"
    assert not review(*CASES["weak-hash"], ("quality",))
    assert not review(*CASES["todo"], ("security",))


def test_tests_may_do_what_code_may_not() -> None:
    assert review("tests/test_a.py", "hashlib.md5(b'')")[0].severity == "info"
    assert review("tests/test_a.py", CASES["secret-aws"][1])[0].severity == "critical"
