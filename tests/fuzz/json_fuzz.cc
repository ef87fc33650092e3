// SPDX-License-Identifier: MIT
//
// JSON of `becket call`, against C++ protobuf: what it takes C++ takes too, and
// makes the same message of; what it writes is that message again, for both;
// and what C++ writes it takes. The first byte says which type, and whether the
// rest is JSON or a message: of those that C++ can write it writes the same.
//
// (What it refuses and C++ takes is of no interest: C++ rounds, takes names
// without quotes, text after the value, and much else.)
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/field_comparator.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <memory>
#include <regex>
#include <string>

#include "fuzz.h"
#include "json_both.h"
#include "tests/fuzz/everything.pb.h"
#include "tests/fuzz/known.pb.h"

using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::Message;

namespace {

void add(const FileDescriptor *file, FileDescriptorSet *set) {
  for (const auto &have : set->file())
    if (have.name() == file->name()) return;
  for (int i = 0; i < file->dependency_count(); i++)
    add(file->dependency(i), set);
  file->CopyTo(set->add_file());
}

std::string descriptors() {
  FileDescriptorSet set;

  add(everything::Everything::descriptor()->file(), &set);
  add(known::Known::descriptor()->file(), &set);
  return set.SerializeAsString();
}

std::unique_ptr<Message> make(bool is_known) {
  if (is_known) return std::make_unique<known::Known>();
  return std::make_unique<everything::Everything>();
}

// Also what is in an Any, however that is encoded.
bool same(const Message &a, const Message &b) {
  google::protobuf::util::DefaultFieldComparator comparator;
  google::protobuf::util::MessageDifferencer differencer;

  comparator.set_treat_nan_as_equal(true);
  differencer.set_field_comparator(&comparator);
  return differencer.Compare(a, b);
}

bool encode(const Message &m, const std::string &json, std::string *bytes) {
  uint8_t *data;
  size_t size;

  if (!json_to_bytes(m.GetDescriptor()->full_name().c_str(), json.data(),
                     json.size(), &data, &size))
    return false;
  bytes->assign(reinterpret_cast<char *>(data), size);
  free(data);
  return true;
}

std::string decode(const Message &m, const std::string &bytes, bool pretty) {
  char *json = json_from_bytes(m.GetDescriptor()->full_name().c_str(),
                               bytes.data(), bytes.size(), pretty);
  std::string copy;

  if (json != nullptr) copy = json;
  free(json);
  return copy;
}

// C++ wants an integer in quotes without a fraction or an exponent, no other
// type URLs than Google's, and no ListValue in an Any.
bool differs(const std::string &sentence) {
  return sentence.find("Invalid type URL") != std::string::npos ||
         sentence.find("value: Cannot find field.") != std::string::npos ||
         sentence.find("message with ListValue.") != std::string::npos ||
         (sentence.find("invalid value \"") != std::string::npos &&
          (sentence.find("INT") != std::string::npos ||
           sentence.find("FIXED") != std::string::npos));
}

// What C++ makes of it; false: nothing, for a reason that is known.
bool parse(const std::string &json, Message *m) {
  const auto status = google::protobuf::util::JsonStringToMessage(json, m);

  if (status.ok()) return true;
  if (!differs(status.ToString()))
    fprintf(stderr, "%s\n%s\n", status.ToString().c_str(), json.c_str());
  EXPECT(differs(status.ToString()));
  return false;
}

// Has it a number of more than 15 digits that C++ makes a double of first,
// whatever it is to be?
bool is_rounded(const std::string &text) {
  const bool has_float = text.find("loat") != std::string::npos;

  for (size_t at = 0, end; at < text.size(); at = end + 1) {
    end = std::min(text.find_first_not_of("0123456789.", at), text.size());
    const std::string run = text.substr(at, end - at);
    const bool is_quoted = has_float && at > 0 && text[at - 1] == '"';
    const bool has_power = text[end] == 'e' || text[end] == 'E';

    if (run.size() > 15 &&
        (is_quoted || has_power || run.find('.') != std::string::npos))
      return true;
  }
  return false;
}

// JSON that C++ is known to make something else of, and should not. Letters and
// digits that are escaped would hide it.
bool is_mistaken(const std::string &text) {
  static const std::regex mistaken(
      "[:,\\[\\s]-0[^.]|\"-0"     // is 0
      "|\"values\"\\s*:\\s*null"  // [null]
      "|\\\\u00[3-7]");

  return std::regex_search(text, mistaken) || is_rounded(text);
}

// Is it so of the message, or of any that stands in it, an Any's included?
bool any_is(const Message &m, bool (*is)(const Message &));

bool content_is(const google::protobuf::Any &any, bool (*is)(const Message &)) {
  const std::string &url = any.type_url();
  const auto *type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
          url.substr(url.rfind('/') + 1));

  if (type == nullptr) return false;
  const std::unique_ptr<Message> m(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(type)
          ->New());
  return m->ParsePartialFromString(any.value()) && any_is(*m, is);
}

bool any_is(const Message &m, bool (*is)(const Message &)) {
  const auto *r = m.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor *> fields;

  if (is(m)) return true;
  if (m.GetDescriptor()->full_name() == "google.protobuf.Any" &&
      content_is(static_cast<const google::protobuf::Any &>(m), is))
    return true;
  r->ListFields(m, &fields);
  for (const auto *f : fields) {
    if (f->cpp_type() != f->CPPTYPE_MESSAGE) continue;
    if (!f->is_repeated() && any_is(r->GetMessage(m, f), is)) return true;
    for (int i = 0; f->is_repeated() && i < r->FieldSize(m, f); i++)
      if (any_is(r->GetRepeatedMessage(m, f, i), is)) return true;
  }
  return false;
}

// A Value without a value, which is null for us, and for C++ sometimes nothing.
bool is_void(const Message &m) {
  return m.GetDescriptor()->full_name() == "google.protobuf.Value" &&
         static_cast<const google::protobuf::Value &>(m).kind_case() ==
             google::protobuf::Value::KIND_NOT_SET;
}

// A path of a name that begins with an underscore, or has two around a letter:
// C++ loses one.
bool is_lost(const Message &m) {
  static const std::regex lost("(^|[.])_|_[a-z]_");

  if (m.GetDescriptor()->full_name() != "google.protobuf.FieldMask")
    return false;
  for (const std::string &path :
       static_cast<const google::protobuf::FieldMask &>(m).paths())
    if (std::regex_search(path, lost)) return true;
  return false;
}

// An Any may have whatever within. A path that JSON has not C++ makes another.
bool is_odd(const Message &m) {
  return is_void(m) ||
         m.GetDescriptor()->full_name() == "google.protobuf.Any" ||
         m.GetDescriptor()->full_name() == "google.protobuf.FieldMask";
}

void round(const Message &m, const std::string &bytes, bool pretty) {
  const std::string json = decode(m, bytes, pretty);
  const std::unique_ptr<Message> theirs(m.New()), ours(m.New());
  std::string again;

  EXPECT(!json.empty());
  if (parse(json, theirs.get())) EXPECT(same(*theirs, m));
  // jansson has no names with a NUL
  if (json.find("\\u0000") != std::string::npos) return;
  EXPECT(encode(m, json, &again));
  EXPECT(ours->ParseFromString(again));
  EXPECT(same(*ours, m));
}

// A message of whoever; what the type does not have is not written.
void look(Message *m, const std::string &bytes, bool pretty) {
  const std::unique_ptr<Message> theirs(m->New()), ours(m->New());
  const std::string json = decode(*m, bytes, pretty);
  std::string said;

  if (!m->ParseFromString(bytes)) return;
  m->DiscardUnknownFields();
  if (any_is(*m, is_odd) ||
      !google::protobuf::util::MessageToJsonString(*m, &said).ok() ||
      !google::protobuf::util::JsonStringToMessage(said, theirs.get()).ok())
    return;
  round(*theirs, theirs->SerializeAsString(), pretty);
  if (!json.empty() && parse(json, ours.get()) && !same(*theirs, *ours)) {
    fprintf(stderr, "%s\n%s\n", said.c_str(), json.c_str());
    EXPECT(false);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::string set = descriptors();
  static const bool ready = json_ready(set.data(), set.size()) &&
                            google::protobuf::SetLogHandler(nullptr) != nullptr;
  std::string bytes, json;

  EXPECT(ready);
  if (size == 0) return 0;
  const auto theirs = make(*data & 1), ours = make(*data & 1);
  const std::string text(reinterpret_cast<const char *>(data + 1), size - 1);

  if (*data & 4) {
    look(ours.get(), text, *data & 2);
    return 0;
  }
  if (is_mistaken(text)) return 0;
  if (!encode(*ours, text, &bytes)) return 0;
  if (!ours->ParseFromString(bytes)) return 0;  // a NUL is as good as any
  if (any_is(*ours, is_void) || any_is(*ours, is_lost)) return 0;
  if (parse(text, theirs.get())) EXPECT(same(*ours, *theirs));
  round(*ours, bytes, *data & 2);
  if (!google::protobuf::util::MessageToJsonString(*ours, &json).ok()) return 0;
  EXPECT(encode(*ours, json, &bytes));
  EXPECT(theirs->ParseFromString(bytes));
  EXPECT(same(*ours, *theirs));
  return 0;
}
