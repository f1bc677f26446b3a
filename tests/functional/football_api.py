"""What API-Football says, read by the tests themselves beside phoenix, and what phoenix has to make of it."""

import json
import re
import unicodedata
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from phoenix import KEY

BRASILIA = ZoneInfo("America/Sao_Paulo")
FINISHED = {"FT", "AET", "PEN"}
IGNORED = {"x", "vs", "v", "e", "contra", "jogo", "do", "da", "de"}  # words that a search does not count


def ask(world, path, **parameters):
    """The whole envelope."""
    url = f"{world.url}/v3.football.api-sports.io{path}?{urllib.parse.urlencode(parameters)}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, headers={"x-apisports-key": KEY}), timeout=30) as answer:
        return json.load(answer)


def days_shown():
    """Today in Brasília, from 20:30 on tomorrow as well."""
    now = datetime.now(BRASILIA)
    return [now.date()] + ([now.date() + timedelta(days=1)] if (now.hour, now.minute) >= (20, 30) else [])


def games_of_the_day(world):
    return [game for day in days_shown()
            for game in ask(world, "/fixtures", date=day.isoformat(), timezone="America/Sao_Paulo")["response"]]


def kickoff(game):
    return datetime.fromtimestamp(game["fixture"]["timestamp"], timezone.utc)


def games_to_come(world, within=timedelta(0)):
    """Not begun, by kick-off; those that begin within this time are left out."""
    games = [game for game in games_of_the_day(world) if game["fixture"]["status"]["short"] in ("NS", "TBD")
             and kickoff(game) > datetime.now(timezone.utc) + within]
    return sorted(games, key=kickoff)


def season_of(world, game):
    league = game["league"]
    return ask(world, "/fixtures", league=league["id"], season=league["season"])["response"]


def last_games(season, team, before, count=4):
    """The newest first: opponent, at home or not, goals for and against after 90 minutes."""
    games = [game for game in season if game["fixture"]["status"]["short"] in FINISHED
             and team in (game["teams"]["home"]["id"], game["teams"]["away"]["id"]) and kickoff(game) < before]
    lines = []
    for game in sorted(games, key=kickoff, reverse=True)[:count]:
        own, other = ("home", "away") if game["teams"]["home"]["id"] == team else ("away", "home")
        goals = game["score"]["fulltime"]
        lines.append((kickoff(game).astimezone(BRASILIA).strftime("%d/%m"), game["teams"][other]["name"],
                      "casa" if own == "home" else "fora", goals[own], goals[other]))
    return lines


def positions(world, game):
    """Of both teams, by id, in the table that holds both."""
    league = game["league"]
    answer = ask(world, "/standings", league=league["id"], season=league["season"])["response"]
    teams = {game["teams"]["home"]["id"], game["teams"]["away"]["id"]}
    for table in answer[0]["league"]["standings"] if answer else []:
        ranks = {line["team"]["id"]: line["rank"] for line in table}
        if teams <= set(ranks):
            return {team: ranks[team] for team in teams}
    return {}


def plain(text):
    """Lower case, without accents."""
    folded = unicodedata.normalize("NFKD", text.lower().replace("ø", "o").replace("ß", "ss"))
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


def words(name):
    return [word for word in re.findall(r"[a-z0-9]+", plain(name)) if word not in IGNORED]


def fits(typed, game):
    """Every word that was typed begins a word of one of the two names."""
    names = words(game["teams"]["home"]["name"]) + words(game["teams"]["away"]["name"])
    return all(any(name.startswith(word) for name in names) for word in words(typed))


def noon(now):
    """The time zone in which it is noon: no game of the next minutes is tomorrow's, and no evening's list of two days is
    asked for."""
    behind = now.hour - 12  # of UTC; the signs of these names are turned round
    return f"Etc/GMT{behind:+}" if behind else "Etc/GMT"


def made_up_game(number, when, home, away, status="NS", goals=(None, None), league=(39, "Premier League", "England")):
    """As /fixtures tells it; home and away are (id, name)."""
    year = when.year if when.month >= 7 else when.year - 1
    return {"fixture": {"id": number, "referee": None, "timezone": "UTC", "date": when.isoformat(),
                        "timestamp": int(when.timestamp()), "periods": {"first": None, "second": None},
                        "venue": {"id": None, "name": None, "city": None},
                        "status": {"long": status, "short": status, "elapsed": None, "extra": None}},
            "league": {"id": league[0], "name": league[1], "country": league[2], "logo": "", "flag": None,
                       "season": year, "round": "Regular Season - 12", "standings": True},
            "teams": {side: {"id": team[0], "name": team[1], "logo": "", "winner": None}
                      for side, team in (("home", home), ("away", away))},
            "goals": dict(zip(("home", "away"), goals)),
            "score": {period: dict(zip(("home", "away"), goals if period == "fulltime" else (None, None)))
                      for period in ("halftime", "fulltime", "extratime", "penalty")}}


def envelope(response, errors=None, results=None):
    return json.dumps({"get": "fixtures", "parameters": [], "errors": errors or [],
                       "results": len(response) if results is None else results,
                       "paging": {"current": 1, "total": 1}, "response": response}, ensure_ascii=False)
