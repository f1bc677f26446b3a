#include "http/promised_body.hpp"

#include <algorithm>
#include <string>

namespace http {
namespace {

constexpr std::string_view blank = " \t\r\n";

std::string_view without_leading_blank(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
  return text;
}

std::string_view beginning(const Response& response) {
  std::string_view body = response.body;
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  return without_leading_blank(body);
}

// `prefix` in lower case.
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(),
                                                    [&](char a, char b) { return a == lower(b); });
}

bool is_called_html(const Response& response) {
  const std::string* type = response.header("content-type");
  return type && starts_with_ignoring_case(without_leading_blank(*type), "text/html");
}

// Whether brackets or a string are still open at the end. Where the last bracket fits the first there is no
// need to look inside: what is wrong then, the decoder says better.
bool breaks_off(std::string_view json) {
  const char first = json.front(), last = json.back();
  if ((first != '{' && first != '[') || last == (first == '{' ? '}' : ']')) return false;
  std::size_t open = 0;
  bool text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (text && c == '\\')
      ++i;
    else if (c == '"')
      text = !text;
    else if (!text && (c == '{' || c == '['))
      ++open;
    else if (!text && (c == '}' || c == ']') && open > 0)
      --open;
  }
  return text || open > 0;
}

// Behind comments and an XML declaration, which XHTML has, too.
std::string_view first_element(std::string_view text) {
  for (;;) {
    const std::string_view end = text.starts_with("<!--") ? "-->" : text.starts_with("<?") ? "?>" : "";
    if (end.empty()) return text;
    const std::size_t at = text.find(end);
    if (at == std::string_view::npos) return {};
    text = without_leading_blank(text.substr(at + end.size()));
  }
}

bool is_web_page(std::string_view body) {
  const std::string_view element = first_element(body);
  for (const std::string_view start : {"<!doctype html", "<html"})
    if (starts_with_ignoring_case(element, start) &&
        element.substr(start.size(), 1).find_first_not_of(" \t\r\n>") == std::string_view::npos)
      return true;
  return false;
}

}  // namespace

std::string_view instead_of_json(const Response& response) {
  const std::string_view body = beginning(response);
  if (body.empty()) return "an empty body";
  if (body.front() == '<' || (is_called_html(response) && body.front() != '{' && body.front() != '['))
    return "a web page instead of JSON";
  if (breaks_off(body.substr(0, body.find_last_not_of(blank) + 1))) return "JSON that breaks off";
  return {};
}

bool is_called_other_than_json(const Response& response) {
  const std::string* type = response.header("content-type");
  if (type == nullptr || is_called_html(response)) return false;
  std::string lower(type->substr(0, type->find(';')));
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const std::string_view format : {"xml", "csv", "ndjson", "jsonl", "json-lines"})
    if (lower.find(format) != std::string::npos) return true;
  return false;
}

std::string_view instead_of_data(const Response& response) {
  const std::string_view body = beginning(response);
  if (body.empty()) return "an empty body";
  // XML that says so itself is believed: old feed servers call everything text/html.
  if (is_web_page(body) || (is_called_html(response) && !body.starts_with("<?xml")))
    return "a web page instead of data";
  return {};
}

}  // namespace http
