#include <array>

#include "simulator/api_tools.hpp"
#include "simulator/apis.hpp"

namespace simulator {
namespace {

constexpr std::int64_t page_size = 40;
constexpr std::array categories{
    "Startups", "Venture",        "AI",     "Fundraising", "Média & Entertainment",
    "Security", "TC \"Disrupt\"", "Climate"};

Record made(ApiState& state, base::WallTime time) {
  base::Rng& rng = state.rng;
  const std::string guid = unused(
      state, [&] { return fmt::format("https://techcrunch.com/?p={}", 3'000'000 + rng.below(900'000)); });
  const std::string headline = title(rng);
  std::vector<std::string> about;
  for (std::uint64_t i = rng.below(4), first = rng.below(categories.size()); i > 0; --i)
    about.emplace_back(categories[(first + i) % categories.size()]);
  const bool anonymous = one_in(rng, 15);
  std::string content = "<p>" + text(rng, 2 + rng.below(one_in(rng, 10) ? 60 : 6)) + "</p>\n";
  if (one_in(rng, 6)) content += "<pre>if (a[b[0]]>1 && c) return \"]]>\";</pre>";
  return {{"guid", guid},
          {"title", headline},
          {"link", fmt::format("https://techcrunch.com/{}/{}/?a=1&b=2", iso_day(time), slug(headline))},
          {"creator", anonymous ? Value{nullptr} : Value{person(rng)}},
          {"published_at", iso_seconds(time)},
          {"categories", about},
          {"description", one_in(rng, 12) ? Value{nullptr} : Value{text(rng, 1) + " &#8230;"}},
          {"content", content}};
}

void generate(ApiState& state, std::size_t records) { fill(state, records, std::chrono::hours{3}, made); }
Record make(ApiState& state) { return made(state, state.released); }
void change(ApiState& state, Record& record) { revise(state, record, "title"); }

std::string cdata(std::string text) {
  for (std::size_t at = 0; (at = text.find("]]>", at)) != std::string::npos; at += 15)
    text.replace(at, 3, "]]]]><![CDATA[>");
  return "<![CDATA[" + text + "]]>";
}

// WordPress writes typographic quotes as numbers.
std::string headline(const std::string& text) {
  std::string out = xml_escape(text);
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> quotes{
      {{"’", "&#8217;"}, {"“", "&#8220;"}, {"”", "&#x201D;"}}};
  for (const auto& [plain, reference] : quotes)
    for (std::size_t at = 0; (at = out.find(plain, at)) != std::string::npos; at += reference.size())
      out.replace(at, plain.size(), reference);
  return out;
}

std::string item(const Record& record) {
  const auto optional = [&](std::string_view field, std::string_view element) {
    const std::string held = text_of(record, field);
    return held.empty() ? "" : fmt::format("\t\t<{0}>{1}</{0}>\n", element, cdata(held));
  };
  std::string out = "\t<item>\n\t\t<title>" + headline(text_of(record, "title")) + "</title>\n";
  out += "\t\t" + xml_element("link", text_of(record, "link")) + "\n\n";
  out += optional("creator", "dc:creator");
  out += "\t\t" + xml_element("pubDate", rfc822_of(record, "published_at")) + "\n";
  if (const auto* all = std::get_if<std::vector<std::string>>(&value_of(record, "categories")))
    for (const std::string& one : *all) out += "\t\t<category>" + cdata(one) + "</category>\n";
  out += "\t\t<guid isPermaLink=\"false\">" + xml_escape(text_of(record, "guid")) + "</guid>\n\n";
  out += optional("description", "description");
  out += optional("content", "content:encoded");
  return out + "\t</item>\n";
}

Answer answer(const ApiState& state, const ApiRequest& request) {
  const std::int64_t page = number(request, "paged", 1).value_or(1);
  const auto shown = slice(state.records, (page - 1) * page_size, page_size);
  if (page < 1 || (shown.empty() && page > 1))
    return answer_text("<!DOCTYPE html><html><title>Page not found</title></html>\n",
                       "text/html; charset=UTF-8", 404);
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\"\n"
      "\txmlns:content=\"http://purl.org/rss/1.0/modules/content/\"\n"
      "\txmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n"
      "\txmlns:atom=\"http://www.w3.org/2005/Atom\"\n"
      "\txmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\"\n\t>\n\n<channel>\n"
      "\t<title>TechCrunch</title>\n"
      "\t<atom:link href=\"https://techcrunch.com/feed/\" rel=\"self\" type=\"application/rss+xml\" />\n"
      "\t<link>https://techcrunch.com/</link>\n"
      "\t<description>Startup &amp; Technology News (simulated)</description>\n";
  out += "\t" + xml_element("lastBuildDate", rfc822(state.released)) + "\n\t<language>en-US</language>\n";
  out += "\t<sy:updatePeriod>\n\thourly\t</sy:updatePeriod>\n";
  for (const Record& record : shown) out += item(record);
  return answer_text(out + "</channel>\n</rss>\n", "application/rss+xml; charset=UTF-8");
}

}  // namespace

Api techcrunch_api() {
  return {.name = "techcrunch",
          .host = "techcrunch.com",
          .path = "/feed/",
          .key = "guid",
          .records = 30,  // one page and some room: what a tick adds pushes nothing out
          .generate = generate,
          .make = make,
          .change = change,
          .answer = answer};
}

}  // namespace simulator
