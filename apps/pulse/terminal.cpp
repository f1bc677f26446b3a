#include "pulse/terminal.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"

namespace pulse {
namespace {

using collect::Progress;
using namespace std::chrono_literals;

void put(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

Terminal::Terminal(const base::Clock& clock) : clock_(clock), interactive_(is_terminal()) {}

Terminal::~Terminal() { end(); }

void Terminal::begin(std::string_view collector) {
  std::lock_guard lock(mutex_);
  collector_ = collector;
  phase_began_ = clock_.steady();
}

void Terminal::show(const Progress& progress) {
  if (!interactive_) return;
  std::lock_guard lock(mutex_);
  const base::SteadyTime now = clock_.steady();
  const bool new_phase = progress.phase != phase_;
  if (new_phase) phase_began_ = now;
  phase_ = progress.phase;
  if (drawn_ && !new_phase && now - drawn_at_ < 100ms) return;
  drawn_at_ = now;
  clear();
  put(describe(collector_, progress, now - phase_began_));
  std::fflush(stderr);
  drawn_ = true;
}

void Terminal::write(std::string_view line) {
  std::lock_guard lock(mutex_);
  clear();
  put(line);
  std::fflush(stderr);
}

void Terminal::end() {
  std::lock_guard lock(mutex_);
  clear();
  std::fflush(stderr);
}

void Terminal::clear() {
  if (drawn_) put("\r\x1b[K");
  drawn_ = false;
}

std::string Terminal::describe(std::string_view collector, const Progress& progress, base::Duration elapsed) {
  const double seconds = std::max(std::chrono::duration<double>(elapsed).count(), 0.001);
  const auto left = [&](double done, double all) {
    if (done <= 0 || all <= done) return std::string();
    const auto rest = std::chrono::duration_cast<base::Duration>(
        std::chrono::duration<double>(seconds * (all - done) / done));
    return fmt::format("  {} left", base::format_duration(rest));
  };
  switch (progress.phase) {
    case Progress::Phase::request: {
      if (progress.received == 0) return fmt::format("{}  requesting …", collector);
      const auto rate = static_cast<std::uint64_t>(static_cast<double>(progress.received) / seconds);
      std::string all, rest;
      if (progress.expected && *progress.expected > 0) {
        all = fmt::format(" of {} ({} %)", base::format_size(*progress.expected),
                          progress.received * 100 / *progress.expected);
        rest = left(static_cast<double>(progress.received), static_cast<double>(*progress.expected));
      }
      return fmt::format("{}  received {}{}  {}/s{}", collector, base::format_size(progress.received), all,
                         base::format_size(rate), rest);
    }
    case Progress::Phase::wait:
      return fmt::format("{}  waiting: {}", collector, base::shorten(progress.note, 100));
    case Progress::Phase::decode: return fmt::format("{}  decoding …", collector);
    case Progress::Phase::stage:
      return fmt::format("{}  {} of {} rows  {}/s{}", collector, grouped(progress.rows),
                         grouped(progress.records),
                         grouped(static_cast<std::int64_t>(static_cast<double>(progress.rows) / seconds)),
                         left(static_cast<double>(progress.rows), static_cast<double>(progress.records)));
    case Progress::Phase::commit:
      return fmt::format("{}  committing {} rows …", collector, grouped(progress.rows));
  }
  return std::string(collector);
}

}  // namespace pulse
