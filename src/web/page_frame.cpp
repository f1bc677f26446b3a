#include "web/page_frame.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "web/status_style.hpp"

namespace web {

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string outside(std::string_view text, std::size_t bytes) {
  return "<bdi>" + escape_html(base::shorten(text, bytes)) + "</bdi>";
}

std::string rough(base::Duration duration) {
  using namespace std::chrono;
  if (duration < 1min)
    return fmt::format("{} s", std::max<std::int64_t>(0, floor<seconds>(duration).count()));
  return base::format_duration(floor<minutes>(duration));
}

std::string time_tag(base::WallTime time, std::string_view text) {
  const std::string exact = base::to_iso8601(time).substr(0, 19) + "Z";  // to the second
  return fmt::format("<time datetime=\"{0}\" title=\"{0}\">{1}</time>", exact, text);
}

namespace {

std::string warning_list(const std::vector<std::string>& warnings) {
  if (warnings.empty()) return {};
  std::string list = "<ul class=\"warnings\" aria-label=\"Warnings\">\n";
  for (std::size_t i = 0; i < std::min(warnings.size(), maximum_warnings); ++i)
    list += fmt::format("<li>{}</li>\n", outside(warnings[i], maximum_text));
  if (warnings.size() > maximum_warnings)
    list += fmt::format("<li>and {} more</li>\n", grouped(warnings.size() - maximum_warnings));
  return list + "</ul>\n";
}

}  // namespace

std::string framed(const Frame& frame, std::string_view content) {
  const std::string program = escape_html(base::shorten(frame.program, maximum_name));
  const std::string headline = escape_html(base::shorten(frame.headline, maximum_text));
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"refresh\" content=\"15\">\n"
      "<title>{} – {}</title>\n<style>{}</style>\n</head>\n<body>\n",
      headline, program, status_style);
  html += fmt::format(
      "<header>\n<h1>{}</h1>\n<p class=\"headline {}\"><span aria-hidden=\"true\">{}</span> "
      "{}</p>\n</header>\n<main>\n{}",
      program, frame.mood->css, frame.mood->sign, headline, warning_list(frame.warnings));
  html += content;
  html += fmt::format(
      "</main>\n<footer>\n<p>{} {}, up for {}. As of {}; this page reloads every 15 s.</p>\n"
      "<p><a href=\"/api/v1/status\">JSON</a> <a href=\"/metrics\">Metrics</a> <a href=\"/readyz\">Ready?</a>"
      "</p>\n</footer>\n</body>\n</html>\n",
      program, outside(frame.version, maximum_name),
      time_tag(frame.started_at, rough(frame.now - frame.started_at)),
      time_tag(frame.now, base::to_iso8601(frame.now).substr(11, 8) + " UTC"));
  return html;
}

Response page(std::string html) {
  return {.body = std::move(html),
          .content_type = "text/html; charset=utf-8",
          .content_security_policy = std::string(status_page_policy)};
}

}  // namespace web
