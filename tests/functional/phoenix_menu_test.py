"""What users see: every button and command, searches, lists and pages, settings, and that a dossier says what
API-Football says. Each test reads the API itself and compares.
"""

import html
import itertools
import random
import re
from datetime import datetime, timedelta, timezone

import pytest
from football_api import (BRASILIA, ask, days_shown, envelope, fits, games_of_the_day, games_to_come, kickoff,
                          last_games, made_up_game, noon, plain, positions, season_of, words)
from phoenix import Phoenix, World, bot, phoenix, wait_until, world  # noqa: F401 (fixtures)

ROOMY = {"commands": {"calls": 1000}, "navigation": {"calls": 1000}}
WORK = {"analise_completa": ("full", "Análise Completa"), "analise_over_gols": ("goals", "Over Gols"),
        "analise_btts": ("btts", "BTTS"), "analise_resultado": ("result", "Resultado"),
        "analise_dupla_chance": ("double_chance", "Dupla Chance"), "aposta_simples": ("simple", "Aposta Simples"),
        "stats_dia": ("day", "Jogos do Dia"), "analise_por_liga": ("leagues", "Ligas com jogos"),
        "buscar_jogo": ("leagues", "Ligas com jogos")}
NOT_YET = {"analise_escanteios": "Escanteios", "analise_cartoes": "Cartões", "analise_finalizacoes": "Finalizações",
           "analise_handicap": "Handicap", "criar_multipla": "Criar Múltipla", "bingo": "Bingo"}
AT_ONCE = {"configuracoes": "Configurações", "ajuda": "Como funciona"}
OLD = "botão é de uma mensagem antiga"
OWNER = 777
numbers = itertools.count(1000)


@pytest.fixture(scope="module")
def town(bin_dir, tmp_path_factory):
    """One phoenix for all tests that leave no trace in it; each takes users of its own."""
    folder = tmp_path_factory.mktemp("town")
    seed = random.SystemRandom().randrange(2**31)
    print(f"simulator --seed {seed}")
    with World(bin_dir, folder / "simulator.log", seed, 10) as simulated:
        (folder / "phoenix").mkdir()
        program = Phoenix(bin_dir / "phoenix", folder / "phoenix", simulated)
        program.start({"limits": ROOMY, "telegram": {"owners": [OWNER]}})
        yield program
        program.end()
        print(program.text()[-3000:])


@pytest.fixture
def ana(town):
    """A user nobody knows yet, with the menu before her."""
    return with_menu(town)


def with_menu(program):
    user = program.user(next(numbers))
    user.writes("/start")
    user.waits_for(is_menu)
    return user


def is_menu(message):
    return "Escolha uma análise" in message["text"]


def buttons(message):
    return [button for row in message["buttons"] for button in row]


def answer(user, tap):
    """What stood above the chat after it."""
    found = wait_until(lambda: user.world.events(method="answerCallbackQuery",
                                                 callback_query_id=tap["callback_query_id"]), "an answer to the tap")
    assert len(found) == 1 and found[0]["code"] == 200
    return found[0].get("text", "")


def jobs_of(program, user):
    return program.rows("SELECT kind, state FROM phoenix_jobs WHERE user_id = ? ORDER BY id", user.number)


def a_game(town, minutes=10):
    games = games_to_come(town.world, timedelta(minutes=minutes))
    assert games, "the simulated football has games every day"
    return games[0]


def dossier(user, game):
    user.taps(data=f"analisar_jogo_{game['fixture']['id']}", force=True)
    home, away = (html.escape(game["teams"][side]["name"], quote=False) for side in ("home", "away"))

    def is_it(message):  # the names also stand in the evidence of other games
        title = (message["text"].splitlines() + [""] * 2)[1].replace("&quot;", '"')
        return "EVIDÊNCIAS" in message["text"] and " vs " in title and home in title and away in title
    return user.waits_for(is_it)


# ---- buttons


def test_every_button_of_the_menu(town, ana):
    menu = buttons(ana.message())
    assert {button["data"] for button in menu} == WORK.keys() | NOT_YET.keys() | AT_ONCE.keys()
    assert all(len(button["text"]) <= 20 for button in menu), "two fit beside each other on a phone"
    assert all(len(row) <= 2 for row in ana.message()["buttons"])
    for data, (kind, words_of_result) in WORK.items():
        user = with_menu(town)
        assert answer(user, user.taps(data=data)) == ""
        user.result(words_of_result)
        wait_until(lambda u=user: jobs_of(town, u) == [(kind, "done")], f"the job of {data}")
        assert len(user.chat()) == (1 if kind in ("day", "leagues") else 2), "lists replace the menu"
    for data, name in NOT_YET.items():
        said = answer(ana, ana.taps(data=data))
        assert said.startswith(f"{name}: esta análise ainda não está disponível.") and len(said) <= 200
    assert len(ana.chat()) == 1 and is_menu(ana.message()) and not jobs_of(town, ana)
    for data, heading in AT_ONCE.items():
        user = with_menu(town)
        user.taps(data=data)
        user.waits_for(lambda m, h=heading: h in m["text"])
        user.taps("Voltar ao Menu")
        user.waits_for(is_menu)
        assert len(user.chat()) == 1 and not jobs_of(town, user)


@pytest.mark.parametrize("data, name", [("multipla_2_4", "Criar Múltipla"), ("multipla_5_9", "Criar Múltipla"),
                                        ("bingo_15_25", "Bingo"), ("bingo_100_150", "Bingo")])
def test_old_choices_of_what_is_not_there_yet(ana, data, name):
    assert answer(ana, ana.taps(data=data, force=True)).startswith(f"{name}: esta análise ainda não")


@pytest.mark.parametrize("data", ["proxima_pagina_ligas", "pagina_anterior_ligas", "pag_prox_buscar_jogo",
                                  "pag_ant_buscar_jogo", "carregar_mais_None", "carregar_mais_gols",
                                  "page_goals_only_1", "set_conf_9.9", "liga_", "analisar_jogo_-3", "pg_99999999_0",
                                  "pg_1_2_3", "€" * 21])
def test_a_button_of_an_old_message(town, ana, data):
    assert OLD in answer(ana, ana.taps(data=data, force=True))
    assert is_menu(ana.message()) and not jobs_of(town, ana)


def test_a_button_that_does_nothing_is_answered(ana):
    assert answer(ana, ana.taps(data="noop", force=True)) == ""
    assert len(ana.chat()) == 1


# ---- commands


@pytest.mark.parametrize("text", ["/start", "/START", "/start@simulated_bot", "/start agora", "/menu"])
def test_start(town, text):
    user = town.user(next(numbers))
    user.writes(text)
    user.waits_for(is_menu)


@pytest.mark.parametrize("text", ["/ajuda", "/help", "/naoexiste", "/"])
def test_help(town, text):
    user = town.user(next(numbers))
    user.writes(text)
    shown = user.waits_for(lambda m: "Como funciona" in m["text"])
    for word in ("/start", "/buscar", "/jogos", "/ajuda", "Brasília", "QSC"):
        assert word in shown["text"]


def test_games_by_command(town):
    user = town.user(next(numbers))
    user.writes("/jogos")
    user.result("Jogos do Dia")
    assert jobs_of(town, user) == [("day", "done")]


def test_search_without_a_name_asks_for_it(town):
    user = town.user(next(numbers))
    user.writes("/buscar")
    assert "Escreva o nome de um time" in user.message()["text"]
    assert not jobs_of(town, user)


def test_status_is_for_owners(town):
    owner, other = town.user(OWNER), town.user(next(numbers))
    for user in (owner, other):
        user.writes("/status")
    shown = owner.message()["text"]
    # Portuguese throughout: words, decimal commas, times of Brasília.
    lines = owner.message()["plain"].splitlines()
    assert re.fullmatch(r"phoenix \d+\.\d+\.\d+: (tudo bem|funciona, com avisos)", lines[0]), lines
    since = re.fullmatch(r"No ar desde (\d\d)/(\d\d) (\d\d):(\d\d)", lines[1])
    assert since, lines
    day, month, hour, minute = map(int, since.groups())
    now = datetime.now(BRASILIA)
    begun = now.replace(month=month, day=day, hour=hour, minute=minute, second=0, microsecond=0)
    assert timedelta(0) <= min(now - begun, now.replace(year=now.year + 1) - begun, key=abs) < timedelta(hours=2)
    values = dict(line.split(": ", 1) for line in lines[2:] if ": " in line)
    number_, duration = r"\d{1,3}(\.\d{3})*", r"–|\d+ (ms|min|h|d)( \d+ (s|min|h))?|\d+,\d s"
    assert re.fullmatch(rf"{number_} de 1\.000", values["Pedidos, na fila e em andamento"])
    assert re.fullmatch(duration, values["Espera do mais antigo"]) and re.fullmatch(duration, values["Atraso do envio"])
    assert values["Quem busca as mensagens"] == "este processo"
    assert values["Mensagens recebidas que não puderam ser processadas"] == "0"
    assert re.fullmatch(number_, values["Consultas que restam hoje"])
    assert re.fullmatch(r"\d+(,\d)? (B|KiB|MiB)", values["Tamanho do cache"])
    assert not re.search(r"\b(of|Jobs|Queued|Running|Messages|Updates|Calls|Cache|the|by|ready)\b", shown), shown
    assert other.waits_for(lambda m: "Como funciona" in m["text"])
    assert "1.000" not in other.message()["text"]


def test_groups(town):
    user, group = next(numbers), -next(numbers)
    world = town.world

    def writes(text):
        world.telegram("POST", "message", {"user": user, "chat": group, "text": text, "name": "Bia"})

    def said():
        return [m for m in world.telegram("GET", f"chat?chat={group}")["messages"] if m["from"] == "bot"]

    for text in ("Flamengo", "bom dia a todos", "/start@another_bot", "/naoexiste", "/start@simulated_bot"):
        writes(text)
    wait_until(said)
    world.telegram("POST", "tap", {"user": user, "chat": group, "data": "stats_dia"})
    wait_until(lambda: "Jogos do Dia</b>" in said()[-1]["text"])
    assert len(said()) == 1, "only its own command was answered, and the list took the menu's place"


def test_a_topic_of_a_forum(town):
    """What is said there is answered there: the menu, and the message that waits, which the result replaces."""
    user, group = next(numbers), -next(numbers)
    world = town.world

    def writes(text):
        world.telegram("POST", "message", {"user": user, "chat": group, "topic": 5, "text": text, "name": "Bia"})

    def said():
        return world.events(method="sendMessage", chat=group)

    writes("/start@simulated_bot")
    wait_until(lambda: len(said()) == 1, "the menu")
    world.telegram("POST", "tap", {"user": user, "chat": group, "data": "analise_btts"})
    wait_until(lambda: world.events(method="editMessageText", chat=group, code=200), "the result")
    assert [(event["code"], event.get("topic")) for event in said()] == [(200, 5), (200, 5)]


# ---- search


def unique_games(games):
    """(game, side): a team whose whole name finds this game only."""
    return [(game, side) for game in games for side in ("home", "away")
            if [other for other in games if fits(game["teams"][side]["name"], other)] == [game]]


def with_typing_error(name, games):
    """Two letters of its longest word are swapped, so that no game has it as it is typed; nothing: none is long."""
    word = max(words(name), key=len)
    if len(word) < 6:
        return None
    typed = word[:3] + word[4] + word[3] + word[5:]
    return typed if typed != word and not any(fits(typed, game) for game in games) else None


def search(user, text, condition):
    user.writes(text)
    return user.waits_for(lambda m: condition(m) and "⏳" not in m["text"])


def test_search_by_a_name(town, ana):
    games = games_of_the_day(town.world)
    game, side = random.choice(unique_games(games))
    name = game["teams"][side]["name"]
    for typed in (name, plain(name), name.upper(), f"  {name}  ", f"/buscar {name}"):
        before = len(ana.chat())
        found = search(ana, typed, lambda m, n=before: len(ana.chat()) > n and "EVIDÊNCIAS" in m["text"])
        for team in game["teams"].values():
            assert team["name"] in found["plain"].splitlines()[1]
        wait_until(lambda: jobs_of(town, ana)[-1] == ("search", "done"))


def test_search_with_a_typing_error(town, ana):
    games = games_of_the_day(town.world)
    candidates = [(game, typed) for game, side in unique_games(games)
                  if (typed := with_typing_error(game["teams"][side]["name"], games))]
    game, typed = random.choice(candidates)
    print(typed, game["teams"])
    found = search(ana, typed, lambda m: "EVIDÊNCIAS" in m["text"] or "Escolha um jogo" in m["text"])
    ids = [button["data"] for button in buttons(found)]
    assert game["teams"]["home"]["name"] in found["plain"] or f"analisar_jogo_{game['fixture']['id']}" in ids


def test_search_that_finds_nothing(town, ana):
    found = search(ana, "Zzyqwxk <b>&", lambda m: "Não encontrei jogo de hoje" in m["text"])
    assert "Zzyqwxk <b>&" in found["plain"]
    assert [button["data"] for button in buttons(found)] == ["stats_dia", "voltar_menu"]


def test_search_that_finds_several(town, ana):
    games = games_of_the_day(town.world)
    beginnings = {word[:length] for game in games for team in game["teams"].values() for word in words(team["name"])
                  for length in (2, 3) if words(word[:length])}
    typed = max(sorted(beginnings), key=lambda text: sum(fits(text, game) for game in games))
    expected = {f"analisar_jogo_{game['fixture']['id']}" for game in games if fits(typed, game)}
    assert len(expected) > 1
    found = search(ana, typed, lambda m: "Escolha um jogo" in m["text"])
    shown = {button["data"] for button in buttons(found)} - {"voltar_menu"}
    assert shown <= expected and len(shown) == min(len(expected), 15)


# ---- lists


def by_league(games):
    counts = {}
    for game in games:
        counts.setdefault(game["league"]["id"], []).append(game)
    return counts


def pages_of(user, message):
    """The message's texts and buttons on all its pages, the first one shown."""
    pages = [message]
    while onward := [b for b in buttons(pages[-1]) if b["text"].startswith("Próxima")]:
        user.taps(data=onward[0]["data"], message_id=message["message_id"])
        pages.append(user.waits_for(lambda m: m["message_id"] == message["message_id"]
                                    and m["text"] != pages[-1]["text"]))
    return pages


@pytest.mark.parametrize("button, then", [("Por Liga", "liga_"), ("Buscar Jogo", "buscar_jogo_liga_")])
def test_leagues_that_play_today(town, ana, button, then):
    expected = by_league(games_to_come(town.world))
    ana.taps(button)
    shown = [b for page in pages_of(ana, ana.waits_for(lambda m: "Ligas com jogos" in m["text"]))
             for b in buttons(page) if b["data"].startswith(then)]
    assert {int(b["data"].removeprefix(then)) for b in shown} == expected.keys()
    for b in shown:
        games = expected[int(b["data"].removeprefix(then))]
        assert b["text"].startswith(f"{games[0]['league']['name']} (")
        assert b["text"].endswith(f"· {len(games)} jogo{'s' if len(games) > 1 else ''}")


def test_the_analysis_of_a_league(town, ana):
    games = by_league(games_to_come(town.world, timedelta(minutes=10)))
    league = random.choice(sorted(games))
    ana.taps("Por Liga")
    ana.waits_for(lambda m: "Ligas com jogos" in m["text"])
    ana.taps(data=f"liga_{league}")
    shown = ana.result("Análise da Liga")
    known = {f"{g['teams']['home']['name']} vs {g['teams']['away']['name']}" for g in games[league]}
    told = re.findall(r"⚽ \d\d:\d\d \| (.+)", shown["plain"])
    assert set(told) <= known and len(told) == len(set(told))
    assert told or "Nenhum palpite" in shown["text"] or "já começaram" in shown["text"]


def test_from_a_league_to_a_game_to_its_dossier(town, ana):
    game = a_game(town)
    league = game["league"]["id"]
    ana.taps("Buscar Jogo")
    ana.waits_for(lambda m: "Ligas com jogos" in m["text"])
    ana.taps(data=f"buscar_jogo_liga_{league}", force=True)
    listed = ana.waits_for(lambda m: "Escolha um jogo" in m["text"])
    ids = {int(b["data"].removeprefix("analisar_jogo_")) for page in pages_of(ana, listed) for b in buttons(page)
           if b["data"].startswith("analisar_jogo_")}
    assert ids == {g["fixture"]["id"] for g in games_to_come(town.world) if g["league"]["id"] == league}
    assert len(ana.chat()) == 1, "the lists took each other's place"
    found = dossier(ana, game)
    assert game["teams"]["home"]["name"] in found["plain"].splitlines()[1]
    assert [b["data"] for b in buttons(found)] == ["buscar_jogo", "voltar_menu"]


# All that the simulated world has.
COUNTRIES = {"Brazil": "Brasil", "Argentina": "Argentina", "Norway": "Noruega", "England": "Inglaterra",
             "Spain": "Espanha", "Germany": "Alemanha", "Italy": "Itália", "Portugal": "Portugal",
             "Netherlands": "Holanda"}


def with_country(league):
    """As users read it."""
    return league["name"] if league["country"] == "World" else f"{league['name']} ({COUNTRIES[league['country']]})"


def test_the_numbers_of_the_day(town, ana):
    games = by_league(games_of_the_day(town.world))
    ana.taps("Jogos do Dia")
    shown = ana.waits_for(lambda m: "Total:" in m["text"])["plain"]
    total = sum(map(len, games.values()))
    assert f"Total: {total} jogo{'s' if total > 1 else ''} em {len(games)} liga{'s' if len(games) > 1 else ''}" in shown
    for day in days_shown():
        assert day.strftime("%d/%m/%Y") in shown
    lines = re.findall(r"• (.+): (\d+)", shown)
    expected = sorted((with_country(g[0]["league"]), str(len(g))) for g in games.values())
    assert sorted(lines) == expected


# ---- analyses of many games, and their pages


def test_over_goals_shows_overs_first_and_not_always_the_same(town, ana):
    ana.taps("Over Gols")
    shown = ana.result("Over Gols")
    picks = re.findall(r"👉 (Mais|Menos) de (\d,\d) gols \((\d+,\d) / 10\)", shown["plain"])
    assert picks, shown["plain"]
    sides = [side for side, _, _ in picks]
    assert sides == sorted(sides), "Mais de … before Menos de …"
    assert re.search(r"(\d+) jogos? analisados?, (\d+) com palpites?\. (O melhor|Os melhores):", shown["plain"])
    # Page by page the dossiers of the same games with the same picks, in the same order.
    pages = pages_of(ana, shown)
    assert len(pages) == 1 + len(picks)
    for page, (side, line, _) in zip(pages[1:], picks):
        assert f"Palpite: {side} de {line} gols" in page["plain"]
        assert any(b["data"].startswith("analisar_jogo_") for b in buttons(page))


def test_pages_forward_and_back_and_of_nobody_else(town, ana):
    ana.taps("Análise Completa")
    first = ana.result("Análise Completa")
    onward = next(b["data"] for b in buttons(first) if b["text"].startswith("Próxima"))
    ana.taps(data=onward)
    second = ana.waits_for(lambda m: "📄 2/" in str(m["buttons"]))
    assert "ANÁLISE PRINCIPAL" in second["text"] and second["message_id"] == first["message_id"]
    ana.taps(data=next(b["data"] for b in buttons(second) if "Anterior" in b["text"]))
    again = ana.waits_for(lambda m: "📄 1/" in str(m["buttons"]))
    assert again["text"] == first["text"] and again["buttons"] == first["buttons"]

    eva = with_menu(town)
    assert OLD in answer(eva, eva.taps(data=onward, force=True))
    assert len(eva.chat()) == 1 and is_menu(eva.message())
    job = onward.split("_")[1]
    ana.taps(data=f"pg_{job}_999", force=True)  # further than there are: the last one
    last = ana.waits_for(lambda m: re.search(r"📄 (\d+)/\1'", str(m["buttons"])))
    assert not any(b["text"].startswith("Próxima") for b in buttons(last))


# ---- settings


def number(text):
    return float(text.replace(",", "."))


def confidences(message):
    return [number(value) for value in re.findall(r"\((\d+,\d) / 10\)", message["plain"])]


def test_settings_are_kept_and_used(phoenix, world):
    phoenix.start({"limits": ROOMY})
    ana, eva = with_menu(phoenix), with_menu(phoenix)
    ana.taps("Configurações")
    shown = ana.waits_for(lambda m: "Configurações" in m["text"])
    assert "Confiança mínima dos palpites: 6,0 / 10" in shown["plain"]
    ana.taps("Mudar confiança mínima")
    choice = ana.waits_for(lambda m: "Quanto maior, menos palpites" in m["text"])
    assert [b["text"] for b in buttons(choice)][:4] == ["5,0", "✅ 6,0", "7,0", "8,0"]
    ana.taps("8,0")
    ana.waits_for(lambda m: "8,0 / 10" in m["plain"])
    assert phoenix.end() == 0

    phoenix.start({"limits": ROOMY})
    ana.writes("/start")
    ana.waits_for(is_menu)
    ana.taps("Configurações")
    ana.waits_for(lambda m: "8,0 / 10" in m["plain"])
    shown = {}
    for user in (ana, eva):
        user.writes("/start")
        wait_until(lambda u=user: is_menu(u.chat()[-1]), "the menu again")
        user.taps(data="analise_btts", message_id=user.chat()[-1]["message_id"])
        shown[user] = user.waits_for(lambda m: "BTTS" in m["text"] and "analisado" in m["text"])
    strict, usual = confidences(shown[ana]), confidences(shown[eva])
    assert all(value >= 8 for value in strict) and all(value >= 6 for value in usual)
    assert strict != usual or all(value >= 8 for value in usual)
    if not strict:
        assert "Nenhum palpite com confiança de 8,0 ou mais" in shown[ana]["plain"]

    ana.taps(data="config_resetar", force=True)
    ana.waits_for(lambda m: "6,0 / 10" in m["plain"])
    assert phoenix.rows("SELECT minimum_confidence FROM phoenix_settings WHERE user_id = ?", ana.number) == [(60,)]


# ---- dossiers


def test_a_dossier_says_what_the_api_says(town, ana):
    games = games_to_come(town.world, timedelta(minutes=10))
    bodies = set()
    for game in random.sample(games, min(3, len(games))):
        text = dossier(ana, game)["plain"]
        print(text)
        lines = text.splitlines()
        ranks = positions(town.world, game)
        teams = game["teams"]

        def with_rank(side):
            rank = ranks.get(teams[side]["id"])
            return teams[side]["name"] + (f" ({rank}º)" if rank else "")

        assert lines[0] == f"🏆 {with_country(game['league'])}"
        assert lines[1] == f"⚽ {with_rank('home')} vs {with_rank('away')}"
        local = kickoff(game).astimezone(BRASILIA)
        assert lines[2] == f"⏰ {local:%d/%m/%Y} às {local:%H:%M} (Brasília)"
        season = season_of(town.world, game)
        for side in ("home", "away"):
            at = next(i for i, line in enumerate(lines) if line.startswith(f"{teams[side]['name']} · QSC "))
            last = last_games(season, teams[side]["id"], kickoff(game))
            assert len(last) == 4
            assert lines[at + 1:at + 5] == [f"• {day} {other} ({place}): {scored}-{conceded}"
                                            for day, other, place, scored, conceded in last]
            scored, conceded = sum(g[3] for g in last) / 4, sum(g[4] for g in last) / 4
            assert lines[at + 5] == (f"Média: {scored:.2f} marcados, {conceded:.2f} sofridos, "
                                     f"{scored + conceded:.2f} no total").replace(".", ",")
            form = lines[at].rsplit("forma ", 1)[1]
            marks = ["V" if g[3] > g[4] else "E" if g[3] == g[4] else "D" for g in reversed(last)]
            assert form[-4:] == "".join(marks)
        if "ANÁLISE PRINCIPAL" in text:
            for label in ("Mercado: ", "Palpite: ", "Justificativa: "):
                assert sum(line.startswith(label) for line in lines) == 1
            confidence = number(re.search(r"Confiança: (\d+,\d) / 10", text).group(1))
            assert 6 <= confidence <= 10
        else:
            assert "Nenhuma análise de valor identificada para este jogo." in text and "Gols esperados" in text
        others = text.partition("OUTRAS TENDÊNCIAS")[2].partition("AVISOS")[0]
        assert others.count("\n• ") <= 5
        bodies.add(text.split("\n\n", 1)[1])
    assert len(bodies) == min(3, len(games)), "different games, different dossiers"


@pytest.mark.parametrize("league, name", [(39, "St. Mary's & Priory's"),
                                          (9083, 'Spielvereinigung "Eintracht" Düsterwald-Höllenthal von 1896 <II>')])
def test_names_from_outside_are_only_names(town, ana, league, name):
    year = ask(town.world, "/leagues", id=league, current="true")["response"][0]["seasons"][0]["year"]
    season = ask(town.world, "/fixtures", league=league, season=year)["response"]
    game = random.choice([g for g in season if name in (g["teams"]["home"]["name"], g["teams"]["away"]["name"])])
    shown = dossier(ana, game)
    assert shown["plain"].count(name) >= 2
    assert html.escape(name, quote=False) in shown["text"].replace("&quot;", '"')


def test_a_game_that_does_not_exist(ana):
    ana.taps(data="analisar_jogo_999999999", force=True)
    ana.result("Jogo não encontrado.")


def made_up(world, games):
    world.faults({"api": "football", "kind": "body", "count": -1, "content_type": "application/json",
                  "body": envelope(games)})


def test_the_longest_names_fit(phoenix, world):
    """Full of what HTML means something by, and longer than any are kept: nothing of the dossier is lost."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    long_name = 'Clube "X" <b>& d\'Oeste </b>&amp; ' * 12
    teams = [(number, f"{number} {long_name}") for number in range(1, 9)]
    league = (39, f"Liga {long_name}", f"Terra {long_name}")
    games, start = [], now - timedelta(days=40)
    for number, ((home, name), (away, other)) in enumerate(itertools.permutations(teams, 2)):
        goals = max(0, 2 + (away - home) // 3) + number % 2, max(0, 1 + (home - away) // 3)  # the first is best
        games.append(made_up_game(100 + number, start + timedelta(hours=12 * number), (home, name), (away, other),
                                  "FT", goals, league))
    phoenix.start({"limits": ROOMY, "football": {"timezone": noon(now)}})
    made_up(world, games + [made_up_game(7, now + timedelta(seconds=90), teams[0], teams[7], league=league)])
    ana = with_menu(phoenix)
    ana.taps(data="set_conf_5.0", force=True)
    ana.waits_for(lambda m: "5,0 / 10" in m["plain"])
    ana.taps(data="analisar_jogo_7", force=True)
    shown = ana.waits_for(lambda m: "EVIDÊNCIAS" in m["text"])
    pages = pages_of(ana, shown)
    for page in pages:
        assert len(page["plain"].encode("utf-16-le")) // 2 <= 4096
    whole = "".join(page["plain"] for page in pages)
    for part in ("🏆 Liga Clube", "EVIDÊNCIAS", "OUTRAS TENDÊNCIAS", "AVISOS", 'Clube "X" <b>& d\'Oeste </b>&amp;'):
        assert part in whole
    assert len(re.findall(r"^• \d\d/\d\d ", whole, re.M)) == 8


def test_a_day_of_very_many_leagues_has_pages(phoenix, world):
    """A busy Saturday: more than fits a message. Every league is there, once."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    games = [made_up_game(number, now + timedelta(seconds=90), (10 * number, f"Casa {number}"),
                          (10 * number + 1, f"Fora {number}"), league=(number, f"Primeira Divisão {number}", "Brazil"))
             for number in range(1, 251)]
    phoenix.start({"limits": ROOMY, "football": {"timezone": noon(now)}})
    made_up(world, games)
    ana = with_menu(phoenix)
    ana.taps("Jogos do Dia")
    pages = pages_of(ana, ana.waits_for(lambda m: "Total:" in m["text"]))
    assert len(pages) > 1 and "Total: 250 jogos em 250 ligas" in pages[0]["plain"]
    shown = [int(number) for page in pages
             for number in re.findall(r"• Primeira Divisão (\d+) \(Brasil\): 1", page["plain"])]
    assert sorted(shown) == list(range(1, 251))
    for page in pages:
        assert len(page["plain"].encode("utf-16-le")) // 2 <= 4096
        assert {"analise_por_liga", "buscar_jogo", "voltar_menu"} <= {b["data"] for b in buttons(page)}
    ana.taps(data=next(b["data"] for b in buttons(pages[-1]) if b["text"].startswith("◀️")))
    ana.waits_for(lambda m: f"📄 {len(pages) - 1}/{len(pages)}" in str(m["buttons"]))
