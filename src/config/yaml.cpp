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

class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& file, Faults& faults) : file_(file), faults_(faults) {
    for (std::size_t at = 0; at != std::string_view::npos;) {
      lines_.push_back(text.substr(at, text.find('\n', at) - at));
      at = text.find('\n', at);
      if (at != std::string_view::npos) ++at;
    }
  }

  Node take() { return std::move(root_); }

  // yaml-cpp counts lines and bytes from 0; editors count characters from 1.
  Mark position(const YAML::Mark& mark) const {
    if (mark.line < 0) return {1, 1, {}};
    const auto line = static_cast<std::size_t>(mark.line);
    int column = 1;
    if (line < lines_.size()) {
      const std::string_view before = lines_[line].substr(0, static_cast<std::size_t>(mark.column));
      for (const unsigned char c : before) column += (c & 0xC0) != 0x80;
    }
    return {mark.line + 1, column, {}};
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
  };

  void check_tag(const std::string& tag, const Mark& mark) {
    if (!tag.empty() && tag != "?" && tag != "!")
      fault(mark, fmt::format("the tag {} has no meaning here", tag), "remove it");
  }

  void start(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(tag, position(mark));
    open_.push_back({Node(kind, position(mark)), anchor, std::nullopt});
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

  void add(Node node, YAML::anchor_t anchor) {
    if (open_.empty() || node.kind == Node::Kind::scalar || node.kind == Node::Kind::null)
      nodes_ += 1;
    else
      nodes_ += count(node);  // an alias adds all that it names
    if (nodes_ > max_nodes * 4)
      throw YAML::Exception(YAML::Mark::null_mark(), "more nodes than a configuration can need");
    if (anchor != 0) anchors_[anchor] = node;
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
    for (const Entry& other : parent.node.entries) {
      if (other.key != entry.key) continue;
      fault(entry.mark,
            fmt::format("the key \"{}\" stands twice; the first is in line {}", entry.key, other.mark.line),
            "remove one");
      return;
    }
    parent.node.entries.push_back(std::move(entry));
  }

  const std::string& file_;
  Faults& faults_;
  std::vector<std::string_view> lines_;
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
