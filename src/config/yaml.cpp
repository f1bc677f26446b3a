// parse_yaml() over yaml-cpp's event interface: its Node interface accepts duplicate keys silently and loses
// the positions of keys.
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <map>
#include <streambuf>
#include <unordered_map>

#include "base/text.hpp"
#include "config/node.hpp"

namespace config {
namespace {

struct ViewBuffer : std::streambuf {
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

struct TooLarge {
  Mark mark;
};

class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& file, Faults& faults) : file_(file), faults_(faults) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') line_begins_.push_back(i + 1);
      if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continuations_.push_back(i);
    }
  }

  Node take() { return std::move(root_); }

  // yaml-cpp counts lines and bytes from 0; editors count characters from 1.
  Mark position(const YAML::Mark& mark) const {
    if (mark.line < 0) return {1, 1, {}};
    const auto line = std::min(static_cast<std::size_t>(mark.line), line_begins_.size() - 1);
    const std::size_t begin = line_begins_[line];
    const auto continuations_before = [&](std::size_t at) {
      return std::lower_bound(continuations_.begin(), continuations_.end(), at) - continuations_.begin();
    };
    const auto inside =
        continuations_before(begin + static_cast<std::size_t>(mark.column)) - continuations_before(begin);
    return {mark.line + 1, mark.column + 1 - static_cast<int>(inside), {}};
  }

  void fault(const Mark& mark, std::string message, std::string remedy) {
    faults_.add({file_, mark, "", std::move(message), std::move(remedy)});
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(Node(Node::Kind::null, position(mark)), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node(Node::Kind::scalar, position(mark), value);
    node.quoted = tag == "!";
    check_tag(tag, node.mark);
    if (!node.quoted && (value == "~" || value == "null" || value.empty())) node.kind = Node::Kind::null;
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      fault(position(mark), "an alias inside of what it names", "write the value out");
      return add(Node(Node::Kind::null, position(mark)), 0);
    }
    pay(position(mark), count(found->second));
    add(Node(found->second), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(Node::Kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(Node::Kind::mapping, mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    std::optional<Entry> pending;  // a key that waits for its value
    std::unordered_map<std::string, int> line_of_key{};
  };

  void check_tag(const std::string& tag, const Mark& mark) {
    if (!tag.empty() && tag != "?" && tag != "!")
      fault(mark, fmt::format("the tag {} has no meaning here", tag), "remove it");
  }

  void start(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(tag, position(mark));
    open_.push_back({Node(kind, position(mark)), anchor, std::nullopt, {}});
  }

  void end() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    add(std::move(closed.node), closed.anchor);
  }

  static std::size_t count(const Node& node) {
    std::size_t total = 1;
    for (const Node& item : node.items) total += count(item);
    for (const Entry& entry : node.entries) total += 1 + count(entry.value);
    return total;
  }

  void pay(const Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > max_nodes) throw TooLarge{mark};
  }

  void add(Node node, YAML::anchor_t anchor) {
    pay(node.mark, 1);
    if (anchor != 0) {
      pay(node.mark, count(node));  // the copy
      anchors_[anchor] = node;
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.pending) {
      if (node.kind != Node::Kind::scalar) fault(node.mark, "a key must be a plain text", "write key: value");
      parent.pending = Entry{std::move(node.text), node.mark, {}};
    } else {
      close_entry(parent, std::move(node));
    }
  }

  void close_entry(Open& parent, Node node) {
    Entry entry = std::move(*parent.pending);
    parent.pending.reset();
    entry.value = std::move(node);
    if (entry.value.kind == Node::Kind::null)
      entry.value.mark = entry.mark;  // nothing stands nowhere: name the key's place
    const auto [first, is_new] = parent.line_of_key.emplace(entry.key, entry.mark.line);
    if (is_new)
      parent.node.entries.push_back(std::move(entry));
    else
      fault(entry.mark,
            fmt::format("the key \"{}\" stands twice; the first is in line {}", entry.key, first->second),
            "remove one");
  }

  const std::string& file_;
  Faults& faults_;
  std::vector<std::size_t> line_begins_{0};
  std::vector<std::size_t> continuations_;  // where bytes stand that begin no character
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t nodes_ = 0;
  Node root_{Node::Kind::null, Mark{1, 1, {}}};
};

}  // namespace

std::optional<Node> parse_yaml(std::string_view text, const std::string& file, Faults& faults) {
  if (text.size() > max_file_size) {
    faults.add({file,
                {1, 1, {}},
                "",
                "the file is larger than 1 MiB",
                "a configuration is never that large; is this the right file?"});
    return std::nullopt;
  }
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  Builder builder(text, file, faults);
  if (const std::size_t valid = base::valid_utf8_length(text); valid < text.size()) {
    const auto line =
        static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(valid), '\n'));
    const std::size_t begin = text.substr(0, valid).rfind('\n') + 1;  // npos + 1 = 0
    YAML::Mark mark;
    mark.line = line;
    mark.column = static_cast<int>(valid - begin);
    faults.add({file, builder.position(mark), "", "the file is not UTF-8 here", "save it as UTF-8"});
    return std::nullopt;
  }
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    Faults ignored;
    Builder second(text, file, ignored);
    if (parser.HandleNextDocument(second)) {
      faults.add(
          {file, second.take().mark, "", "a second document begins here", "write one document a file"});
      return std::nullopt;
    }
  } catch (const TooLarge& here) {
    faults.add({file, here.mark, "", fmt::format("here are more than {} keys and values", max_nodes),
                "a configuration is never that large; is this the right file?"});
    return std::nullopt;
  } catch (const YAML::Exception& exception) {
    faults.add({file, builder.position(exception.mark), "", "this is not YAML: " + exception.msg,
                "look at the indentation, colons and quotes before this place"});
    return std::nullopt;
  } catch (const std::exception& exception) {
    faults.add({file, {1, 1, {}}, "", fmt::format("this is not YAML: {}", exception.what()), ""});
    return std::nullopt;
  }
  return builder.take();
}

}  // namespace config
