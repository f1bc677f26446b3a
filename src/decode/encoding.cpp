#include "decode/encoding.hpp"

#include <fmt/format.h>
#include <iconv.h>
#include <simdjson.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

#include "base/text.hpp"

namespace decode {
namespace {

// The name that iconv knows, "" for none of ours. Not all that iconv knows: it loads a module for each, and
// some of those have had holes.
std::string iconv_name(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (text == "utf-8" || text == "utf8" || text == "us-ascii" || text == "ascii") return "UTF-8";
  if (text == "utf-16" || text == "utf-16le") return "UTF-16LE";
  if (text == "utf-16be") return "UTF-16BE";
  if (text == "latin-1" || text == "latin1" || text == "iso-8859-1") return "CP1252";
  const auto numbered = [&](std::string_view prefix, int first, int last) -> int {
    int number = 0;
    if (!text.starts_with(prefix)) return 0;
    const char* const end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data() + prefix.size(), end, number);
    return fault == std::errc() && stop == end && number >= first && number <= last ? number : 0;
  };
  if (const int part = numbered("iso-8859-", 2, 16); part != 0 && part != 12)
    return fmt::format("ISO-8859-{}", part);
  for (const char* prefix : {"windows-", "cp"})
    if (const int page = numbered(prefix, 1250, 1258); page != 0) return fmt::format("CP{}", page);
  return "";
}

struct CloseIconv {
  void operator()(void* handle) const { iconv_close(handle); }
};

base::Result<std::string> convert(std::string& body, const std::string& from) {
  const iconv_t opened = iconv_open("UTF-8", from.c_str());
  if (opened == reinterpret_cast<iconv_t>(-1))
    return base::error(base::Code::internal, "this system cannot read the encoding {}", from);
  const std::unique_ptr<void, CloseIconv> handle(opened);
  const std::size_t unit = from.starts_with("UTF-16") ? 2 : 1;

  std::string result(body.size() / unit + body.size() / 8 + 16, '\0');
  char* in = body.data();
  std::size_t left = body.size();
  std::size_t used = 0;
  while (left > 0) {
    char* out = result.data() + used;
    std::size_t room = result.size() - used;
    const std::size_t outcome = iconv(handle.get(), &in, &left, &out, &room);
    const int fault = outcome == static_cast<std::size_t>(-1) ? errno : 0;
    used = result.size() - room;
    if (fault == 0) break;
    if (fault == E2BIG || room == 0) {
      result.resize(result.size() + result.size() / 2);
      continue;
    }
    result[used++] = '\xff';
    const std::size_t skipped = std::min(left, unit);
    in += skipped;
    left -= skipped;
  }
  result.resize(used);
  return result;
}

}  // namespace

bool known_encoding(std::string_view name) { return !iconv_name(name).empty(); }

base::Result<void> to_utf8(std::string& body, std::string_view encoding) {
  std::string from = iconv_name(encoding);
  if (from.empty())
    return base::error(base::Code::invalid_config, "the encoding \"{}\" is not one of those that can be read",
                       printable(encoding));
  if (body.starts_with("\xef\xbb\xbf")) {
    body.erase(0, 3);
    from = "UTF-8";
  } else if (body.starts_with("\xff\xfe") || body.starts_with("\xfe\xff")) {
    from = body[0] == '\xff' ? "UTF-16LE" : "UTF-16BE";
    body.erase(0, 2);
  }
  if (from != "UTF-8") body = TRY(convert(body, from));
  return {};
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::string printable(std::string_view text, std::size_t most) {
  std::string result;
  for (std::size_t at = 0; at < text.size() && result.size() <= most;) {
    const std::size_t length = base::utf8_sequence(text, at);
    result += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return base::escape_control(base::shorten(result, most));
}

}  // namespace decode
