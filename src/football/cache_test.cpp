#include "football/cache.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "football/cache_file.hpp"

namespace {

using base::Code;
using base::SimulatedClock;
using football::Cache;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return (std::ostringstream() << in.rdbuf()).str();
}
void write(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

// A folder of its own, gone with the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "phoenix-cache-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path operator/(const char* name) const { return path_ / name; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  fs::path path_;
};

struct CacheTest : ::testing::Test {
  SimulatedClock clock{SimulatedClock::Mode::manual};
  Cache cache{clock};
  Folder folder;
};

TEST_F(CacheTest, FreshThenKeptThenGone) {
  EXPECT_FALSE(cache.get("k"));
  cache.put("k", "body", {.fresh = 1min, .keep = 1h});
  const base::WallTime told = clock.wall();
  EXPECT_EQ(*cache.get("k")->body, "body");
  EXPECT_TRUE(cache.get("k")->fresh);
  clock.advance(1min);
  EXPECT_FALSE(cache.get("k")->fresh);
  EXPECT_EQ(cache.get("k")->at, told);
  clock.advance(59min);
  EXPECT_FALSE(cache.get("k"));
  EXPECT_EQ(cache.size().entries, 0U);
  EXPECT_EQ(cache.size().bytes, 0U);
}

TEST_F(CacheTest, OneOfTheFutureIsDropped) {
  cache.put("k", "body", {1h, 1h});
  clock.jump_wall(-30s);
  EXPECT_TRUE(cache.get("k"));
  clock.jump_wall(-1h);
  EXPECT_FALSE(cache.get("k"));
}

TEST_F(CacheTest, ReplacedAndForgotten) {
  cache.put("k", "one", {1h, 1h});
  const auto before = cache.get("k");
  cache.put("k", "two", {1h, 0s});
  EXPECT_EQ(*cache.get("k")->body, "two") << "kept at least as long as fresh";
  EXPECT_EQ(*before->body, "one") << "whoever reads it still has it";
  EXPECT_EQ(cache.size().entries, 1U);
  cache.forget("k");
  cache.forget("k");
  EXPECT_FALSE(cache.get("k"));
  EXPECT_EQ(cache.size().bytes, 0U);
}

TEST_F(CacheTest, TheLeastRecentlyUsedGoesFirst) {
  Cache small(clock, 3000);
  for (const char* key : {"a", "b", "c"}) small.put(key, std::string(600, 'x'), {1h, 1h});
  EXPECT_TRUE(small.get("a"));
  small.put("d", std::string(600, 'x'), {1h, 1h});
  EXPECT_FALSE(small.get("b"));
  EXPECT_TRUE(small.get("a") && small.get("c") && small.get("d"));
  EXPECT_LE(small.size().bytes, 3000U);
  small.put("a", std::string(5000, 'x'), {1h, 1h});
  EXPECT_FALSE(small.get("a")) << "neither the one that is too large nor the one it replaced";
  EXPECT_TRUE(small.get("c"));
}

TEST_F(CacheTest, OverARestart) {
  cache.put("old", "gone", {1s, 1min});
  cache.put("a", std::string(1000, 'a'), {1min, 2h});
  cache.put("b", std::string("\0\n\xff", 3), {3h, 3h});
  EXPECT_TRUE(cache.changed());
  clock.advance(2min);
  ASSERT_TRUE(cache.save(folder / "cache"));
  EXPECT_FALSE(cache.changed());
  EXPECT_EQ(folder.files(), 1U);

  clock.advance(1h);
  Cache after(clock);
  after.put("x", "y", {1h, 1h});
  const auto loaded = after.load(folder / "cache");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(*loaded, 2U);
  EXPECT_FALSE(after.changed());
  EXPECT_FALSE(after.get("x") || after.get("old"));
  EXPECT_EQ(*after.get("a")->body, std::string(1000, 'a'));
  EXPECT_FALSE(after.get("a")->fresh);
  EXPECT_TRUE(after.get("b")->fresh);
  EXPECT_EQ(after.get("b")->body->size(), 3U);
  clock.advance(58min);
  EXPECT_FALSE(after.get("a")) << "it has kept its age";
}

TEST_F(CacheTest, TheOrderOfUseIsKept) {
  for (const char* key : {"a", "b", "c"}) cache.put(key, std::string(600, 'x'), {1h, 1h});
  EXPECT_TRUE(cache.get("a"));
  ASSERT_TRUE(cache.save(folder / "cache"));
  Cache small(clock, 2000);
  ASSERT_EQ(*small.load(folder / "cache"), 2U);
  EXPECT_TRUE(small.get("a") && small.get("c"));
}

TEST_F(CacheTest, NoFileIsNoError) {
  EXPECT_EQ(*cache.load(folder / "none"), 0U);
  ASSERT_TRUE(cache.save(folder / "empty"));
  EXPECT_EQ(*cache.load(folder / "empty"), 0U);
}

// Whatever was done to the file: nothing of it is used, or all of it is right.
TEST_F(CacheTest, EveryTruncationAndEveryFlippedByteIsFound) {
  cache.put("/a?b=1", "first body", {1h, 1h});
  cache.put("/c", "", {1h, 1h});
  ASSERT_TRUE(cache.save(folder / "cache"));
  const std::string whole = read(folder / "cache");
  const auto refused = [&](const std::string& bytes) {
    write(folder / "cache", bytes);
    Cache other(clock);
    other.put("x", "y", {1h, 1h});
    const auto loaded = other.load(folder / "cache");
    EXPECT_EQ(other.size().entries, 0U);
    return !loaded && loaded.error().code == Code::invalid_data && !loaded.error().message.empty();
  };
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_TRUE(refused(whole.substr(0, size))) << "cut to " << size;
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ mask);
      EXPECT_TRUE(refused(bytes)) << "byte " << at;
    }
  EXPECT_TRUE(refused(whole + "x"));
  EXPECT_TRUE(refused(whole + whole));
  write(folder / "cache", whole);
  EXPECT_EQ(*cache.load(folder / "cache"), 2U);
}

// A file with a right checksum, but sizes that a damaged writer could have made up.
std::string sealed(std::string bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const unsigned char byte : bytes) sum = (sum ^ byte) * 0x100000001b3;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(sum >> (8 * i) & 0xff);
  return bytes;
}

TEST_F(CacheTest, AWellSealedFileIsStillNotTrusted) {
  cache.put("/a", "body", {1h, 1h});
  ASSERT_TRUE(cache.save(folder / "cache"));
  std::string whole = read(folder / "cache");
  whole.resize(whole.size() - 8);
  for (std::size_t at = 8; at < whole.size(); ++at)
    for (const int value : {0x00, 0x7f, 0xff}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(value);
      write(folder / "cache", sealed(bytes));
      Cache other(clock);
      const auto loaded = other.load(folder / "cache");
      EXPECT_LE(other.size().entries, 1U);
      if (!loaded) {
        EXPECT_EQ(loaded.error().code, Code::invalid_data);
      }
    }
}

TEST_F(CacheTest, TooNewTooOldTooLarge) {
  cache.put("/a", "body", {1h, 1h});
  ASSERT_TRUE(cache.save(folder / "cache"));
  const auto why = [&](Cache& other) { return other.load(folder / "cache").error().message; };
  Cache small(clock, 0);
  EXPECT_TRUE(small.load(folder / "cache")) << "within the allowance, but nothing fits";
  EXPECT_EQ(small.size().entries, 0U);

  clock.jump_wall(-2h);
  EXPECT_NE(why(cache).find("future"), std::string::npos);
  clock.jump_wall(2h + 31 * 24h);
  EXPECT_NE(why(cache).find("30 days"), std::string::npos);

  std::string bytes = read(folder / "cache");
  bytes.resize(bytes.size() - 8);
  bytes[8] = 2;
  write(folder / "cache", sealed(bytes));
  EXPECT_NE(why(cache).find("version 2"), std::string::npos);
  write(folder / "cache", std::string(2u << 20, 'x'));
  EXPECT_NE(why(small).find("more than"), std::string::npos);
  fs::remove(folder / "cache");
  fs::create_directory(folder / "cache");
  EXPECT_FALSE(cache.load(folder / "cache"));
  fs::remove(folder / "cache");
  ASSERT_EQ(::mkfifo((folder / "cache").c_str(), 0600), 0);
  EXPECT_NE(why(cache).find("no ordinary file"), std::string::npos);
}

// The limit of a file's size fails a write as a full disk does.
TEST_F(CacheTest, AFullDiskLeavesTheFileBefore) {
  cache.put("/a", "body", {1h, 1h});
  ASSERT_TRUE(cache.save(folder / "cache"));
  const std::string before = read(folder / "cache");
  cache.put("/b", std::string(100'000, 'x'), {1h, 1h});

  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{4096, limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto saved = cache.save(folder / "cache");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  ::signal(SIGXFSZ, handler);

  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Code::no_space);
  EXPECT_EQ(read(folder / "cache"), before);
  EXPECT_EQ(folder.files(), 1U) << "no temporary file stays";
  EXPECT_TRUE(cache.changed());
  ASSERT_TRUE(cache.save(folder / "cache"));
  EXPECT_EQ(*cache.load(folder / "cache"), 2U);
}

TEST_F(CacheTest, AFolderThatIsNotThere) {
  const auto saved = cache.save(folder / "none" / "cache");
  ASSERT_FALSE(saved);
  EXPECT_NE(saved.error().message.find("none/cache.tmp"), std::string::npos);
}

TEST_F(CacheTest, TheTemporaryFileOfACrashIsReplaced) {
  write(folder / "cache.tmp", "half");
  cache.put("/a", "body", {1h, 1h});
  ASSERT_TRUE(cache.save(folder / "cache"));
  EXPECT_EQ(folder.files(), 1U);
}

TEST_F(CacheTest, PuttingWhileSaving) {
  std::atomic<bool> done = false;
  std::jthread putter([&] {
    for (int i = 0; i < 2000; ++i)
      cache.put("/" + std::to_string(i % 50), std::string(i % 500, 'x'), {1h, 1h});
    done = true;
  });
  std::jthread saver([&] {
    while (!done) EXPECT_TRUE(cache.save(folder / "cache"));
  });
  while (!done) {
    EXPECT_TRUE(cache.save(folder / "cache"));
    Cache other(clock);
    EXPECT_TRUE(other.load(folder / "cache"));
  }
  putter.join();
  saver.join();
  ASSERT_TRUE(cache.save(folder / "cache"));
  EXPECT_FALSE(cache.changed());
  EXPECT_EQ(*cache.load(folder / "cache"), 50U);
}

}  // namespace
