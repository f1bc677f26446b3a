#include "pulse/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "program/console.hpp"
#include "program/output.hpp"
#include "pulse/app.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/screen.hpp"
#include "pulse/selection.hpp"
#include "pulse/standing.hpp"
#include "web/address.hpp"
#include "web/status_json.hpp"

namespace pulse {
namespace {

using program::complain_text;
using program::print_text;
using program::style_of_stdout;
using program::terminal_on_stdout;

// A complaint about a name that no collector has, or "".
std::string unknown_name(const web::Status& status, const std::vector<std::string>& names) {
  std::vector<std::string_view> known;
  for (const web::Collector& collector : status.collectors) known.push_back(collector.name);
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end()) return no_such_collector(name, known);
  return {};
}

void keep_only(web::Status& status, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::erase_if(status.collectors, [&](const web::Collector& collector) {
    return std::find(names.begin(), names.end(), collector.name) == names.end();
  });
}

int code_of(const web::Status& status, bool strict) {
  switch (verdict(status)) {
    case Verdict::unhealthy: return unhealthy;
    case Verdict::warning: return strict ? warnings_only : ok;
    case Verdict::well: break;
  }
  return ok;
}

int code_of(const base::Error& error) {
  return error.code == base::Code::invalid_config ? configuration : unavailable;
}

int show_once(const CurrentStatus& current_status, const StatusOptions& options, const StatusView& view) {
  auto status = current_status();
  if (!status) {
    view.complain(base::escape_control(status.error().message) + '\n');
    return code_of(status.error());
  }
  if (const std::string unknown = unknown_name(*status, options.names); !unknown.empty()) {
    view.complain(unknown);
    return usage;
  }
  keep_only(*status, options.names);
  TextStyle style = view.style;
  style.details = !options.names.empty();
  const base::WallTime now = view.clock.wall();
  view.print(options.json ? web::status_json(*status, now) : status_text(*status, now, style, view.zone));
  return code_of(*status, options.strict);
}

// Shows one status after another; on a terminal each in the place of the one before.
class Watch {
 public:
  explicit Watch(const StatusView& view) : view_(view) {}

  // False: nobody reads any more.
  bool show(web::Status status) {
    const base::WallTime now = view_.clock.wall();
    bool is_read = true;
    if (const auto size = view_.terminal()) {
      is_read = draw(status, now, *size);
    } else {
      for (const std::string& line :
           changes_of_health(before_ ? &*before_ : nullptr, status, now, view_.style, view_.zone))
        is_read = view_.print(line + '\n') && is_read;
    }
    before_ = std::move(status);
    trouble_.clear();
    return is_read;
  }

  // What is shown stays, with the reason why it is not of now; elsewhere that is said once.
  bool show(const base::Error& error) {
    const bool is_new = error.message != trouble_;
    trouble_ = error.message;
    if (const auto size = view_.terminal()) {
      web::Status status = before_.value_or(web::Status{});
      status.warnings.insert(status.warnings.begin(), error.message);
      return draw(status, view_.clock.wall(), *size);
    }
    if (is_new) view_.complain(base::escape_control(error.message) + '\n');
    return true;
  }

  bool is_first() const { return !before_; }

 private:
  bool draw(const web::Status& status, base::WallTime now, TerminalSize size) {
    if (!screen_) screen_.emplace(view_.print, view_.stop);
    return screen_->draw(watch_table(status, now, size, view_.style, view_.page), size.rows);
  }

  const StatusView& view_;
  std::optional<Screen> screen_;
  std::optional<web::Status> before_;
  std::string trouble_;
};

// Until a stop, or until nobody reads any more.
int watch(const CurrentStatus& current_status, const StatusOptions& options, base::Duration interval,
          const StatusView& view) {
  Watch shown(view);
  int code = ok;
  bool is_read = true;
  do {
    auto status = current_status();
    if (view.stop.stop_requested()) break;
    if (!status) {
      code = code_of(status.error());
      is_read = shown.show(status.error());
      continue;
    }
    if (const std::string unknown = unknown_name(*status, options.names);
        shown.is_first() && !unknown.empty()) {
      view.complain(unknown);
      return usage;
    }
    keep_only(*status, options.names);
    code = code_of(*status, options.strict);
    is_read = shown.show(*std::move(status));
  } while (is_read && view.clock.sleep_for(interval, view.stop));
  return code;
}

}  // namespace

std::string page_of(const config::ListenSettings& listen) {
  const auto address =
      listen.is_off() ? base::Result<web::Address>(base::Error{}) : web::parse_address(listen.address);
  if (!address || address->port == 0) return {};
  web::Address shown = *address;
  if (shown.host == "0.0.0.0") shown.host = "127.0.0.1";  // it listens there too
  if (shown.host == "::") shown.host = "::1";
  return fmt::format("http://{}/", web::to_string(shown));
}

int show_status(const CurrentStatus& current_status, const StatusOptions& options, const StatusView& view) {
  if (!options.watch) return show_once(current_status, options, view);
  const auto interval = base::parse_duration(options.interval);
  if (!interval || interval->count() < 1 || *interval > std::chrono::hours{24}) {
    view.complain(fmt::format("--interval {}: is not a duration from 1s to 24h; write 2s, 30s, 1m\n",
                              base::escape_control(options.interval)));
    return usage;
  }
  return watch(current_status, options, *interval, view);
}

int status(App& app, const StatusOptions& options) {
  const telemetry::Zone zone(app.settings.logs.timezone);
  const auto print = [&app](std::string_view text) {
    print_text(app.redactor.redact(text));
    return std::ferror(stdout) == 0;
  };
  const auto say = [&app](std::string_view text) { complain_text(app.redactor.redact(text)); };
  return show_status([&app] { return current_status(app); }, options,
                     {.clock = app.clock,
                      .stop = app.signals.token(),
                      .zone = zone,
                      .style = style_of_stdout(),
                      .page = page_of(app.settings.listen),
                      .print = print,
                      .complain = say,
                      .terminal = terminal_on_stdout});
}

}  // namespace pulse
