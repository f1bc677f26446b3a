#include "football/names.hpp"

#include "base/letters.hpp"
#include "base/text.hpp"

namespace football {

std::vector<std::string> folded_words(std::string_view name) {
  name = name.substr(0, max_name);
  std::vector<std::string> words;
  bool inside = false;
  for (std::size_t at = 0; at < name.size();) {
    const char c = base::fold_letter(name, at);
    if (c == '\0' || c == '.') continue;  // F.C. is FC
    if (c == ' ' || c == '&') {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    words.back() += c;
  }
  return words;
}

std::string fold_name(std::string_view name) { return base::join(folded_words(name), " "); }

}  // namespace football
