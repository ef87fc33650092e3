// SPDX-License-Identifier: MIT
//
// `becket describe` against C++ protobuf: any .proto that C++ takes is taken
// from its descriptor, and what is written of it is the same .proto to C++. The
// first byte may say that the rest is a descriptor as it stands, by whoever;
// then nothing but to survive is asked for.
//
// (Known to differ: an option that is set in pieces comes in one piece.)
#include <google/protobuf/any.pb.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <set>
#include <string>

#include "describe_text.h"
#include "fuzz.h"

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::Message;

namespace {

class Quiet : public google::protobuf::io::ErrorCollector,
              public DescriptorPool::ErrorCollector {
 public:
  void AddError(int line, int, const std::string &sentence) override {
    last = std::to_string(line) + ": " + sentence;
  }
  void AddError(const std::string &, const std::string &name, const Message *,
                ErrorLocation, const std::string &sentence) override {
    last = name + ": " + sentence;
  }
  std::string last;
};

// false: it is none.
bool compile(const std::string &text, FileDescriptorProto *ret_file,
             Quiet *quiet) {
  google::protobuf::io::ArrayInputStream input(text.data(),
                                               static_cast<int>(text.size()));
  google::protobuf::io::Tokenizer tokenizer(&input, quiet);
  google::protobuf::compiler::Parser parser;
  DescriptorPool pool(DescriptorPool::generated_pool());
  FileDescriptorProto parsed;

  parser.RecordErrorsTo(quiet);
  if (!parser.Parse(&tokenizer, &parsed)) return false;
  parsed.set_name("fuzz.proto");
  const FileDescriptor *file = pool.BuildFileCollectingErrors(parsed, quiet);
  if (file == nullptr) return false;
  ret_file->Clear();
  file->CopyTo(ret_file);
  file->CopyJsonNameTo(ret_file);
  return true;
}

template <typename Repeated>
void sort(Repeated *messages) {
  std::sort(messages->begin(), messages->end(),
            [](const auto &a, const auto &b) { return a.name() < b.name(); });
}

// Groups and entries of maps have no place, and no options are like empty ones.
// false: an option is set in pieces.
bool tidy(Message *m) {
  const auto *r = m->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor *> fields;
  std::set<int> numbers;

  for (int i = 0; i < r->GetUnknownFields(*m).field_count(); i++)
    if (!numbers.insert(r->GetUnknownFields(*m).field(i).number()).second)
      return false;
  r->ListFields(*m, &fields);
  for (const auto *f : fields) {
    if (f->cpp_type() != f->CPPTYPE_MESSAGE) continue;
    if (f->is_repeated()) {
      for (int i = 0; i < r->FieldSize(*m, f); i++)
        if (!tidy(r->MutableRepeatedMessage(m, f, i))) return false;
    } else if (r->GetMessage(*m, f).ByteSizeLong() == 0) {
      r->ClearField(m, f);
    } else if (!tidy(r->MutableMessage(m, f))) {
      return false;
    }
  }
  if (auto *message =
          dynamic_cast<google::protobuf::DescriptorProto *>(m))
    sort(message->mutable_nested_type());
  if (auto *file = dynamic_cast<FileDescriptorProto *>(m))
    sort(file->mutable_message_type());
  return true;
}

void check(const std::string &text) {
  FileDescriptorProto before, after;
  Quiet quiet;

  if (!compile(text, &before, &quiet)) return;
  const std::string bytes = before.SerializeAsString();
  char *said = describe_text(bytes.data(), bytes.size());
  if (said == nullptr) {
    return;  // what is built in has a name already: that is all
  }
  const std::string copy(said);
  free(said);
  if (!tidy(&before)) return;
  if (!compile(copy, &after, &quiet)) {
    fprintf(stderr, "%s\n%s\n", quiet.last.c_str(), copy.c_str());
    EXPECT(false);
  }
  EXPECT(tidy(&after));
  if (!google::protobuf::util::MessageDifferencer::Equals(before, after)) {
    fprintf(stderr, "%s\n%s\n", copy.c_str(), after.DebugString().c_str());
    EXPECT(false);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const bool linked =
      google::protobuf::Any::descriptor() != nullptr &&
      google::protobuf::SetLogHandler(nullptr) != nullptr;

  (void)linked;
  if (size == 0) return 0;
  if (*data == 0xff)
    free(describe_text(data + 1, size - 1));
  else
    check(std::string(reinterpret_cast<const char *>(data), size));
  return 0;
}
