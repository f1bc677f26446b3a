#include "config/phoenix_settings.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace config {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Variables = std::map<std::string, std::string>;

constexpr const char* token = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc";
constexpr const char* key = "0123456789abcdef0123456789abcdef";

class PhoenixSettings_ : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "phoenix-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  // With both secrets, unless `variables` say something else of them.
  std::optional<LoadedPhoenixSettings> load(Variables variables = {}, std::optional<std::string> path = {}) {
    variables.try_emplace("TELEGRAM_BOT_TOKEN", token);
    variables.try_emplace("API_FOOTBALL_KEY", key);
    faults_ = {};
    in_part_ = load_phoenix_settings(
        {.path = std::move(path), .directory = folder_, .process_environment = std::move(variables)},
        faults_);
    return faults_.empty() ? in_part_ : std::nullopt;
  }
  PhoenixSettings loaded(Variables variables = {}) {
    auto settings = load(std::move(variables));
    EXPECT_TRUE(settings) << faults_.text();
    return settings ? std::move(settings->settings) : PhoenixSettings{};
  }
  void expect_fault(const std::string& part) {
    EXPECT_NE(faults_.text().find(part), std::string::npos) << "no \"" << part << "\" in\n" << faults_.text();
  }

  fs::path folder_;
  Faults faults_;
  std::optional<LoadedPhoenixSettings> in_part_;  // of the last load(): also with faults
};

TEST_F(PhoenixSettings_, TheOtherServicesCanBeAskedWhenSecretsAreWrong) {
  using Parts = std::set<std::string, std::less<>>;
  EXPECT_FALSE(load({{"TELEGRAM_BOT_TOKEN", ""}, {"DATABASE_URL", "mysql://nobody"}}));
  ASSERT_TRUE(in_part_);
  EXPECT_EQ(in_part_->unusable, (Parts{"store", "telegram.token"}));
  EXPECT_EQ(in_part_->settings.football.key.reveal(), key);
  EXPECT_FALSE(load({{"API_FOOTBALL_KEY", "a key"}}));
  ASSERT_TRUE(in_part_);
  EXPECT_EQ(in_part_->unusable, Parts{"football.key"});
  EXPECT_FALSE(load({{"API_FOOTBALL_KEY", ""}, {"PHOENIX_QUEUE__CAPACITY", "many"}}));
  EXPECT_FALSE(in_part_);
}

TEST_F(PhoenixSettings_, TwoSecretsAreEnough) {
  const auto all = load();
  ASSERT_TRUE(all) << faults_.text();
  const PhoenixSettings& settings = all->settings;
  EXPECT_FALSE(all->store_is_set);
  EXPECT_EQ(settings.store.path, folder_ / "var/phoenix.db");
  EXPECT_EQ(settings.telegram.token.reveal(), token);
  EXPECT_EQ(settings.telegram.base, "https://api.telegram.org");
  EXPECT_EQ(settings.telegram.mode, TelegramSettings::Mode::polling);
  EXPECT_TRUE(settings.telegram.owners.empty());
  EXPECT_EQ(settings.telegram.messages_per_second, 30);
  EXPECT_EQ(settings.telegram.carriers, 24);
  EXPECT_EQ(settings.telegram.poll_timeout, 50s);
  EXPECT_EQ(settings.telegram.webhook.listen, "127.0.0.1:8789");
  EXPECT_EQ(settings.football.key.reveal(), key);
  EXPECT_EQ(settings.football.base, "https://v3.football.api-sports.io");
  EXPECT_FALSE(settings.football.per_minute);
  EXPECT_EQ(settings.football.daily_reserve, 100);
  EXPECT_EQ(settings.football.timezone, "America/Sao_Paulo");
  EXPECT_EQ(settings.queue.capacity, 1000);
  EXPECT_EQ(settings.queue.per_user, 5);
  EXPECT_EQ(settings.queue.workers, 8);
  EXPECT_EQ(settings.queue.deadline, 10min);
  EXPECT_EQ(settings.queue.max_attempts, 3);
  EXPECT_TRUE(settings.queue.deduplicate);
  EXPECT_EQ(settings.limits.commands.calls, 5);
  EXPECT_EQ(settings.limits.navigation.calls, 60);
  EXPECT_EQ(settings.limits.commands.per, 1min);
  EXPECT_EQ(settings.limits.navigation.per, 1min);
  EXPECT_EQ(settings.cache.file, folder_ / "var/phoenix.cache");
  EXPECT_EQ(settings.cache.save_every, 5min);
  EXPECT_EQ(settings.cache.max_size, std::uint64_t{64} << 20);
  EXPECT_EQ(settings.shutdown.drain, 20s);
  EXPECT_EQ(settings.shutdown.flush, 5s);
  EXPECT_EQ(settings.shutdown.save, 5s);
  EXPECT_EQ(settings.listen.address, "127.0.0.1:8788");
  EXPECT_EQ(settings.logs.days, 60);
  EXPECT_EQ(settings.retention.jobs, 7 * 24h);
  EXPECT_EQ(settings.retention.inbox, 8 * 24h);
  EXPECT_EQ(settings.retention.outbox, 7 * 24h);
  EXPECT_EQ(settings.retention.dead_updates, 30 * 24h);
}

TEST_F(PhoenixSettings_, EveryKeyIsRead) {
  const std::string file = write("phoenix.yaml", R"(
store: sqlite:a.db
telegram:
  token: "${BOT}"
  base: http://127.0.0.1:8081/bots//
  mode: webhook
  owners: [11, "12"]
  messages_per_second: 1
  poll_timeout: 1s
  webhook: {url: "http://bot.example.org/x", secret: "${HOOK}", listen: "[::1]:9000"}
football: {key: "${KEY}", base: http://127.0.0.1:1/v3, per_minute: 300, daily_reserve: 0, timezone: UTC}
queue: {capacity: 100000, per_user: 1000, workers: 64, deadline: 24h, max_attempts: 20, deduplicate: false}
limits: {commands: {calls: 1, per: 1s}, navigation: {calls: 100000, per: 24h}}
cache: {file: /tmp/c, save_every: 10s, max_size: 4GiB}
shutdown: {drain: 0s, flush: 0s, save: 10m}
listen: {address: off}
logs: {level: debug}
http: {ca_file: ca.pem, rewrite: {"https://": "http://127.0.0.1:8080/"}}
retention: {jobs: 1h, inbox: 2d, outbox: 3650d}
)");
  const auto all = load({{"BOT", "1:abcdefghij"}, {"HOOK", "a-secret_0123456789"}, {"KEY", "k"}});
  ASSERT_TRUE(all) << faults_.text();
  const PhoenixSettings& settings = all->settings;
  EXPECT_TRUE(all->store_is_set);
  EXPECT_EQ(settings.file, file);
  EXPECT_EQ(settings.store.path, folder_ / "a.db");
  EXPECT_EQ(settings.telegram.token.reveal(), "1:abcdefghij");
  EXPECT_EQ(settings.telegram.base, "http://127.0.0.1:8081/bots");
  EXPECT_EQ(settings.telegram.mode, TelegramSettings::Mode::webhook);
  EXPECT_EQ(settings.telegram.owners, (std::vector<std::int64_t>{11, 12}));
  EXPECT_EQ(settings.telegram.poll_timeout, 1s);
  EXPECT_EQ(settings.telegram.webhook.url, "http://bot.example.org/x");
  EXPECT_EQ(settings.telegram.webhook.secret.reveal(), "a-secret_0123456789");
  EXPECT_EQ(settings.telegram.webhook.listen, "[::1]:9000");
  EXPECT_EQ(settings.football.key.reveal(), "k");
  EXPECT_EQ(settings.football.per_minute, 300);
  EXPECT_EQ(settings.football.timezone, "UTC");
  EXPECT_EQ(settings.queue.capacity, 100'000);
  EXPECT_EQ(settings.queue.workers, 64);
  EXPECT_FALSE(settings.queue.deduplicate);
  EXPECT_EQ(settings.limits.navigation.per, 24h);
  EXPECT_EQ(settings.cache.file, "/tmp/c");
  EXPECT_EQ(settings.shutdown.drain, 0s);
  EXPECT_EQ(settings.shutdown.save, 10min);
  EXPECT_TRUE(settings.listen.is_off());
  EXPECT_EQ(settings.http.rewrite.size(), 1u);
  EXPECT_EQ(settings.retention.inbox, 48h);
}

TEST_F(PhoenixSettings_, WhatIsOutOfBoundsIsRefused) {
  for (const auto& [text, where] : {std::pair{"queue: {capacity: 0}", "queue.capacity"},
                                    {"queue: {capacity: 100001}", "queue.capacity"},
                                    {"queue: {per_user: 1001}", "queue.per_user"},
                                    {"queue: {workers: 65}", "queue.workers"},
                                    {"queue: {deadline: 0s}", "queue.deadline"},
                                    {"queue: {deduplicate: 'true'}", "queue.deduplicate"},
                                    {"limits: {commands: {calls: 0}}", "limits.commands.calls"},
                                    {"limits: {navigation: {per: 25h}}", "limits.navigation.per"},
                                    {"telegram: {messages_per_second: 0}", "telegram.messages_per_second"},
                                    {"telegram: {carriers: 0}", "telegram.carriers"},
                                    {"telegram: {carriers: 257}", "telegram.carriers"},
                                    {"telegram: {poll_timeout: 51s}", "telegram.poll_timeout"},
                                    {"telegram: {mode: push}", "telegram.mode"},
                                    {"telegram: {base: ftp://x}", "telegram.base"},
                                    {"telegram: {base: 'http://x/?a=b'}", "telegram.base"},
                                    {"telegram: {owners: [0]}", "telegram.owners"},
                                    {"telegram: {owners: [me]}", "telegram.owners"},
                                    {"telegram: {owners: '1,,2'}", "telegram.owners"},
                                    {"telegram: {owners: {a: 1}}", "telegram.owners"},
                                    {"telegram: {webhook: {listen: 'off'}}", "telegram.webhook.listen"},
                                    {"football: {per_minute: 0}", "football.per_minute"},
                                    {"football: {daily_reserve: -1}", "football.daily_reserve"},
                                    {"football: {timezone: Brasilia}", "football.timezone"},
                                    {"cache: {save_every: 1s}", "cache.save_every"},
                                    {"cache: {max_size: 1kB}", "cache.max_size"},
                                    {"shutdown: {drain: 11m}", "shutdown.drain"},
                                    {"retention: {inbox: 24h}", "retention.inbox"},
                                    {"http: {rewrite: {a: b}}", "http.rewrite"},
                                    {"store: mysql:x", "store"},
                                    {"colectors: x", "colectors"}}) {
    write("phoenix.yaml", std::string(text) + "\n");
    EXPECT_FALSE(load()) << text;
    EXPECT_EQ(faults_.size(), 1u) << text << "\n" << faults_.text();
    expect_fault("phoenix.yaml:1:");
    expect_fault(std::string(": ") + where + ": ");
  }
}

TEST_F(PhoenixSettings_, MissingSecretsNameTheirVariables) {
  EXPECT_FALSE(load({{"TELEGRAM_BOT_TOKEN", ""}, {"API_FOOTBALL_KEY", ""}}));
  EXPECT_EQ(faults_.text(),
            "football.key: is missing; set API_FOOTBALL_KEY (from dashboard.api-football.com)\n"
            "telegram.token: is missing; set TELEGRAM_BOT_TOKEN (from @BotFather)\n");
  const std::string file = write("phoenix.yaml", "\ntelegram: {owners: [1]}\n");
  EXPECT_FALSE(load({{"TELEGRAM_BOT_TOKEN", ""}}));
  EXPECT_EQ(faults_.text(),
            file + ":2:11: telegram.token: is missing; set TELEGRAM_BOT_TOKEN (from @BotFather)\n");
  write("phoenix.yaml", "telegram: {token: }\nfootball: {key: '${NOT_SET}'}\n");
  EXPECT_FALSE(load());
  expect_fault(": telegram.token: has no value; set TELEGRAM_BOT_TOKEN (from @BotFather)");
  expect_fault(
      ":2:17: football.key: the environment variable NOT_SET is not set; set it in the environment or in the "
      "file .env beside phoenix.yaml");
  write("phoenix.yaml", "");
  EXPECT_FALSE(load({{"TELEGRAM_BOT_TOKEN", ""}, {"PHOENIX_TELEGRAM__MODE", "polling"}}));
  EXPECT_EQ(faults_.text(), (folder_ / "phoenix.yaml").string() +
                                ": telegram.token: is missing; set TELEGRAM_BOT_TOKEN (from @BotFather)\n");
}

TEST_F(PhoenixSettings_, EveryFaultInOneRun) {
  write("phoenix.yaml", "queue: {workers: 0}\ntelegram: {mode: webhook, poll_timeout: soon}\nlog: {}\n");
  EXPECT_FALSE(load({{"TELEGRAM_BOT_TOKEN", ""},
                     {"API_FOOTBALL_KEY", "a b"},
                     {"DATABASE_URL", "mysql://u:s3cr3t@h/d"},
                     {"PHOENIX_QUEUE__CAPACTY", "5"},
                     {"PHOENIX_WROKERS", "5"}}));
  for (const char* part :
       {"queue.workers: \"0\" is not such a number", "telegram.poll_timeout: \"soon\"", "log: unknown key",
        "telegram.token: is missing", "telegram.webhook.url: is missing",
        "telegram.webhook.secret: is missing; set PHOENIX_TELEGRAM__WEBHOOK__SECRET",
        "API_FOOTBALL_KEY: football.key: holds a blank", "DATABASE_URL: store: names no database",
        "PHOENIX_QUEUE__CAPACTY: queue.capacty: unknown key; did you mean \"capacity\"?",
        "PHOENIX_WROKERS: wrokers: unknown key"})
    expect_fault(part);
  EXPECT_EQ(faults_.size(), 10u) << faults_.text();
  EXPECT_EQ(faults_.text().find("s3cr3t"), std::string::npos);
}

TEST_F(PhoenixSettings_, ATokenOfTheWrongFormIsRefusedAndNotShown) {
  for (const char* wrong :
       {"hunter2hunter2", "123456789", "123456789:", "123456789:hunter2", ":hunter2hunter2",
        "12a:hunter2hunter2", "123:hunter2 hunter2", "123:hunter2hunter2\n", "123:hunter2:hunter2",
        "bot123:hunter2hunter2", " 123:hunter2hunter2"}) {
    for (const char* place : {"TELEGRAM_BOT_TOKEN", "PHOENIX_TELEGRAM__TOKEN"}) {
      EXPECT_FALSE(load({{place, wrong}})) << wrong;
      EXPECT_EQ(faults_.size(), 1u) << wrong << faults_.text();
      expect_fault(std::string(place) + ": telegram.token: has not the form of a bot token");
      EXPECT_EQ(faults_.text().find("hunter2"), std::string::npos) << faults_.text();
    }
    const std::string quoted = std::string(wrong).substr(0, std::string(wrong).find('\n'));
    write("phoenix.yaml", "telegram: {token: '" + quoted + " x'}\n");
    EXPECT_FALSE(load());
    EXPECT_EQ(faults_.text().find("hunter2"), std::string::npos) << faults_.text();
    fs::remove(folder_ / "phoenix.yaml");
  }
  EXPECT_FALSE(load({{"TELEGRAM_BOT_TOKEN", "1:" + std::string(201, 'x')}}));
  EXPECT_FALSE(load({{"API_FOOTBALL_KEY", std::string(257, 'x')}}));
  expect_fault("API_FOOTBALL_KEY: football.key: is longer than 256 characters");
}

TEST_F(PhoenixSettings_, OwnersVariablesStandInWhereNobodySetTheKey) {
  const Variables ambient{{"DATABASE_URL", "postgresql://u:p@db/phoenix"},
                          {"TELEGRAM_API_BASE", "http://127.0.0.1:1/"},
                          {"API_FOOTBALL_BASE", "http://127.0.0.1:2"}};
  const auto all = load(ambient);
  ASSERT_TRUE(all) << faults_.text();
  EXPECT_TRUE(all->store_is_set);
  EXPECT_EQ(all->settings.store.description(), "postgresql://db/phoenix");
  EXPECT_EQ(all->settings.telegram.base, "http://127.0.0.1:1");
  EXPECT_EQ(all->settings.football.base, "http://127.0.0.1:2");
  write("phoenix.yaml",
        "store: sqlite:x.db\ntelegram: {base: 'http://a', token: '1:from_the_file'}\nfootball: {base: "
        "'http://b'}\n");
  const PhoenixSettings settings = loaded(ambient);
  EXPECT_EQ(settings.store.path, folder_ / "x.db");
  EXPECT_EQ(settings.telegram.base, "http://a");
  EXPECT_EQ(settings.telegram.token.reveal(), "1:from_the_file");
  EXPECT_EQ(settings.football.base, "http://b");
  EXPECT_EQ(loaded({{"PHOENIX_TELEGRAM__TOKEN", "2:from_the_variable"}}).telegram.token.reveal(),
            "2:from_the_variable");
}

TEST_F(PhoenixSettings_, DatabaseUrlMustNameADatabase) {
  for (const char* wrong :
       {"mysql://u:s3cr3t@h/d", "s3cr3t", "postgresql:s3cr3t", "sqlite:", "postgresql://u:s3cr3t@t@h/d"}) {
    EXPECT_FALSE(load({{"DATABASE_URL", wrong}})) << wrong;
    EXPECT_EQ(faults_.size(), 1u);
    expect_fault("DATABASE_URL: store: ");
    EXPECT_EQ(faults_.text().find("s3cr3t"), std::string::npos) << faults_.text();
  }
  const auto empty = load({{"DATABASE_URL", ""}});
  ASSERT_TRUE(empty);
  EXPECT_FALSE(empty->store_is_set);
  EXPECT_TRUE(load({{"PHOENIX_STORE", "sqlite:y.db"}})->store_is_set);
}

TEST_F(PhoenixSettings_, VariablesReachEveryLevel) {
  write(".env", "PHOENIX_QUEUE__PER_USER=200\nPHOENIX_LIMITS__COMMANDS__CALLS=7\nPHOENIX_QUEUE__WORKERS=2\n");
  const PhoenixSettings settings =
      loaded({{"PHOENIX_QUEUE__WORKERS", "3"}, {"PHOENIX_TELEGRAM__OWNERS", "11, 12"}});
  EXPECT_EQ(settings.queue.per_user, 200);
  EXPECT_EQ(settings.limits.commands.calls, 7);
  EXPECT_EQ(settings.queue.workers, 3);
  EXPECT_EQ(settings.telegram.owners, (std::vector<std::int64_t>{11, 12}));
}

TEST_F(PhoenixSettings_, ItsFileIsFoundByItsOwnName) {
  const std::string other = write("other/any.yaml", "queue: {workers: 4}\n");
  write("home/phoenix/phoenix.yaml", "queue: {workers: 5}\n");
  write("pulse.yaml", "workers: 3\n");
  EXPECT_EQ(loaded({{"XDG_CONFIG_HOME", (folder_ / "home").string()}}).queue.workers, 5);
  EXPECT_EQ(loaded({{"PULSE_CONFIG", other}, {"PULSE_WORKERS", "9"}}).queue.workers, 8);
  EXPECT_EQ(loaded({{"PHOENIX_CONFIG", other}}).queue.workers, 4);
  EXPECT_EQ(loaded({{"PHOENIX_CONFIG", other}}).store.path, folder_ / "other/var/phoenix.db");
  EXPECT_EQ(load({}, other)->settings.queue.workers, 4);
  EXPECT_FALSE(load({{"PHOENIX_CONFIG", "/no/such.yaml"}}));
  expect_fault("PHOENIX_CONFIG: /no/such.yaml: there is no such file; name an existing phoenix.yaml");
}

TEST_F(PhoenixSettings_, AWebhookNeedsAnAddressAndASecret) {
  const std::string secret = "0123456789abcdef";
  write("phoenix.yaml", "telegram:\n  mode: webhook\n  webhook:\n    listen: 127.0.0.1:1\n");
  EXPECT_FALSE(load());
  EXPECT_EQ(faults_.size(), 2u) << faults_.text();
  expect_fault(":4:5: telegram.webhook.url: is missing");
  expect_fault(":4:5: telegram.webhook.secret: is missing");
  for (const auto& [url, words, wrong] :
       {std::tuple{"https://bot.example.org", "short", "telegram.webhook.secret: is no secret"},
        {"https://bot.example.org", "with blanks in the middle", "telegram.webhook.secret: is no secret"},
        {"http://bot.example.org", "0123456789abcdef", "telegram.webhook.url: does not begin with https://"},
        {"bot.example.org", "0123456789abcdef", "telegram.webhook.url: \"bot.example.org\" is not a URL"}}) {
    write("phoenix.yaml",
          std::string("telegram: {mode: webhook, webhook: {url: '") + url + "', secret: '" + words + "'}}\n");
    EXPECT_FALSE(load());
    EXPECT_EQ(faults_.size(), 1u) << faults_.text();
    expect_fault(wrong);
  }
  write("phoenix.yaml", "telegram: {mode: webhook, webhook: {url: 'https://bot.example.org'}}\n");
  EXPECT_EQ(loaded({{"PHOENIX_TELEGRAM__WEBHOOK__SECRET", secret}}).telegram.webhook.secret.reveal(), secret);
}

TEST_F(PhoenixSettings_, WhatIsNoMapIsSaidOnce) {
  for (const char* text : {"telegram: 5\nfootball: [a]\n", "telegram: x\nfootball: y\n"}) {
    write("phoenix.yaml", text);
    EXPECT_FALSE(load());
    EXPECT_EQ(faults_.size(), 2u) << faults_.text();
    expect_fault("telegram: is not a map of keys");
    expect_fault("football: is not a map of keys");
  }
}

TEST(PhoenixReference, NamesEveryKeyAndAsksForNoSecretInTheFile) {
  const std::string reference = phoenix_settings_reference(), schema = phoenix_settings_schema();
  for (const char* row :
       {"| `telegram.token` | secret | – |", "| `telegram.webhook.listen` | address |",
        "| `queue.capacity` | integer | `1000` |", "| `limits.navigation.calls` | integer | `60` |",
        "| `listen.address` | address \\| off | `127.0.0.1:8788` |",
        "| `retention.inbox` | duration | `8d` |", "| `football.timezone` |"})
    EXPECT_NE(reference.find(row), std::string::npos) << row << "\n" << reference;
  EXPECT_NE(schema.find("\"title\": \"phoenix.yaml\""), std::string::npos);
  EXPECT_EQ(schema.find("\"required\""), std::string::npos);
}

}  // namespace
}  // namespace config
