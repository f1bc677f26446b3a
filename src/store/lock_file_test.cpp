#include "store/lock_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "store/testing.hpp"

namespace store {
namespace {

using base::Code;
using testing::mentions;
using testing::message_of;
using testing::OtherProcess;
using testing::TempFolder;
using namespace std::chrono_literals;

base::Result<LockFile> acquire(const std::filesystem::path& path, std::chrono::milliseconds wait = 0ms) {
  return LockFile::acquire(path, wait, testing::system_clock(), {});
}

// Does something at its nth sleep; time passes at once.
class ScriptedClock final : public base::Clock {
 public:
  ScriptedClock(int nth, std::function<void()> action) : nth_(nth), action_(std::move(action)) {}
  base::SteadyTime steady() const override { return simulated_.steady(); }
  base::WallTime wall() const override { return simulated_.wall(); }
  std::unique_ptr<Alarm> alarm(base::SteadyTime time, std::function<void()> action) override {
    return simulated_.alarm(time, std::move(action));
  }
  bool sleep_until(base::SteadyTime time, std::stop_token stop) override {
    if (++sleeps_ == nth_) action_();
    return simulated_.sleep_until(time, std::move(stop));
  }
  int sleeps() const { return sleeps_; }

 private:
  base::SimulatedClock simulated_{base::SimulatedClock::Mode::automatic};
  int nth_;
  int sleeps_ = 0;
  std::function<void()> action_;
};

TEST(LockFile, HoldsOffEveryOtherUntilDestroyed) {
  const TempFolder folder;
  auto first = acquire(folder / "a.db");
  ASSERT_OK(first);
  EXPECT_FAILS(Code::conflict, acquire(folder / "a.db"));
  ASSERT_OK(acquire(folder / "b.db"));
  {
    const LockFile moved = *std::move(first);
    EXPECT_FAILS(Code::conflict, acquire(folder / "a.db"));
  }
  ASSERT_OK(acquire(folder / "a.db"));
}

TEST(LockFile, NamesTheOtherProcessAndSurvivesItsDeath) {
  const TempFolder folder;
  OtherProcess other([&](const auto& hold) {
    const auto lock = acquire(folder / "a.db");
    if (lock) hold();
  });
  ASSERT_TRUE(other.ready());
  const auto refused = acquire(folder / "a.db");
  EXPECT_FAILS(Code::conflict, refused);
  EXPECT_TRUE(mentions(refused, fmt::format("in use by process {} (since 2", other.pid())))
      << message_of(refused);
  EXPECT_TRUE(mentions(refused, "--wait"));
  other.kill();
  ASSERT_OK(acquire(folder / "a.db"));
}

TEST(LockFile, WaitsUntilItIsFree) {
  const TempFolder folder;
  std::optional<LockFile> holder(acquire(folder / "a.db").value());
  ScriptedClock clock(3, [&] { holder.reset(); });
  ASSERT_OK(LockFile::acquire(folder / "a.db", 60s, clock, {}));
  EXPECT_EQ(clock.sleeps(), 3);
}

TEST(LockFile, GivesUpAtTheEndOfTheWait) {
  const TempFolder folder;
  const auto holder = acquire(folder / "a.db");
  base::SimulatedClock clock(base::SimulatedClock::Mode::automatic);
  const auto start = clock.steady();
  EXPECT_FAILS(Code::conflict, LockFile::acquire(folder / "a.db", 1020ms, clock, {}));
  EXPECT_EQ(clock.steady() - start, 1020ms);
}

TEST(LockFile, AStopEndsTheWait) {
  const TempFolder folder;
  const auto holder = acquire(folder / "a.db");
  std::stop_source source;
  ScriptedClock clock(2, [&] { source.request_stop(); });
  EXPECT_FAILS(Code::cancelled, LockFile::acquire(folder / "a.db", 60s, clock, source.get_token()));
  EXPECT_EQ(clock.sleeps(), 2);
}

TEST(LockFile, AReplacedFileIsNotTakenForTheLock) {
  const TempFolder folder;
  const std::filesystem::path file = folder / "a.db.lock";
  std::optional<LockFile> holder(acquire(folder / "a.db").value());
  // While we wait somebody removes the file, and a third process locks a new one.
  std::optional<LockFile> third;
  ScriptedClock clock(1, [&] {
    std::filesystem::remove(file);
    third.emplace(acquire(folder / "a.db").value());
    holder.reset();
  });
  EXPECT_FAILS(Code::conflict, LockFile::acquire(folder / "a.db", 100ms, clock, {}));
}

TEST(LockFile, StartedProgramsDoNotInheritIt) {
  const TempFolder folder;
  const auto lock = acquire(folder / "a.db");
  const auto file = std::filesystem::canonical(folder / "a.db.lock");
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone) != file) continue;
    ++found;
    EXPECT_NE(::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(found, 1);
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms{0600});
}

TEST(LockFile, StrangeContentsOnlySpoilTheMessage) {
  const TempFolder folder;
  const auto lock = acquire(folder / "a.db");
  std::ofstream(folder / "a.db.lock") << "\x1b[2J what 12";
  const auto refused = acquire(folder / "a.db");
  EXPECT_FAILS(Code::conflict, refused);
  EXPECT_TRUE(mentions(refused, "in use by another process;")) << message_of(refused);
}

TEST(LockFile, SaysWhatIsWrongWithThePath) {
  const TempFolder folder;
  EXPECT_FAILS(Code::unavailable, acquire(folder / "no_such_folder/a.db"));
}

}  // namespace
}  // namespace store
