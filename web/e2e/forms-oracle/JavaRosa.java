// JavaRosa, the engine of ODK Collect, filled in as a person would: one request a line, one answer
// a line, both JSON. Run as `java -cp ODK_Validate.jar JavaRosa.java`.
//
//   {"xform": "/tmp/a.xml", "files": "/tmp", "answers": [{…}, …]}
//   {"nodes": [{path, relevant, readonly, required, value, label?, choices?}], "invalid": [{path, reason}]}

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.CoreModelModule;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.GroupDef;
import org.javarosa.core.model.ItemsetBinding;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.data.AnswerDataFactory;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.MultipleItemsData;
import org.javarosa.core.model.data.SelectMultiData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.data.UncastData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.core.reference.PrefixedRootFactory;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.reference.ReferenceManager;
import org.javarosa.core.services.PropertyManager;
import org.javarosa.core.services.PrototypeManager;
import org.javarosa.core.util.JavaRosaCoreModule;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.parse.XFormParser;
import org.opendatakit.validate.StubPropertyManager;
import org.opendatakit.validate.StubSetGeopointActionHandler;

public final class JavaRosa {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] arguments) throws Exception {
    // It talks on the standard output; the answers alone belong there.
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    PrototypeManager.registerPrototypes(JavaRosaCoreModule.classNames);
    PrototypeManager.registerPrototypes(CoreModelModule.classNames);
    new XFormsModule().registerModule();
    // What a phone has beside the engine, as the validator stands in for it.
    PropertyManager.setPropertyManager(new StubPropertyManager());
    XFormParser.registerActionHandler("setgeopoint", new StubSetGeopointActionHandler());
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = requests.readLine()) != null; ) {
      ObjectNode answer;
      try {
        answer = new JavaRosa(JSON.readTree(line)).state();
      } catch (Exception | Error failed) {
        Throwable cause = failed;
        while (cause.getCause() != null) cause = cause.getCause();
        answer = JSON.createObjectNode().put("error", String.valueOf(cause));
      }
      answers.println(JSON.writeValueAsString(answer));
    }
  }

  private final FormDef form;
  private final FormEntryModel model;
  private final FormEntryController controller;
  private final Map<String, ObjectNode> shown = new HashMap<>();

  private JavaRosa(JsonNode request) throws Exception {
    ReferenceManager.instance().reset();
    ReferenceManager.instance().addReferenceFactory(new Attached(Path.of(request.get("files").asText())));
    String xform = Files.readString(Path.of(request.get("xform").asText()));
    form = new XFormParser(new java.io.StringReader(xform)).parse();
    form.initialize(true, new InstanceInitializationFactory());
    model = new FormEntryModel(form);
    controller = new FormEntryController(model);
    for (JsonNode given : request.get("answers")) fill(given);
    look();
  }

  /** Goes through the form from its beginning, and answers what is asked. */
  private void fill(JsonNode given) throws Exception {
    controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
    for (int event; (event = controller.stepToNextEvent()) != FormEntryController.EVENT_END_OF_FORM; ) {
      FormIndex index = model.getFormIndex();
      if (event == FormEntryController.EVENT_PROMPT_NEW_REPEAT) {
        if (at(given, index.getReference()) == null) continue;
        controller.newRepeat(index);
        inside(index.getReference()).forEach(form::triggerTriggerables);
      } else if (event == FormEntryController.EVENT_REPEAT) {
        TreeReference reference = index.getReference();
        List<TreeReference> inside = inside(reference);
        inside.forEach(form::triggerTriggerables);
        JsonNode all = at(given, reference.getParentRef(), reference.getNameLast());
        GroupDef repeat = (GroupDef) form.getChild(index);
        if (all != null && reference.getMultLast() >= all.size() && repeat.getCountReference() == null) {
          // The index comes to stand on what is behind it.
          controller.jumpToIndex(controller.deleteRepeat(index));
          inside.forEach(form::triggerTriggerables);
          int next = model.getEvent();
          if (next == FormEntryController.EVENT_PROMPT_NEW_REPEAT) continue;
          controller.stepToPreviousEvent();
        }
      } else if (event == FormEntryController.EVENT_QUESTION) {
        FormEntryPrompt prompt = show(index);
        JsonNode value = at(given, index.getReference());
        if (value != null) answer(prompt, value.asText());
      }
    }
  }

  /**
   * An instance with all that stands in it. Where one is added or removed, JavaRosa runs what reads a
   * question of it only if that stands in no group (<https://github.com/getodk/javarosa/issues/630>);
   * here all of it is run.
   */
  private List<TreeReference> inside(TreeReference instance) {
    List<TreeReference> all = new ArrayList<>();
    all.add(instance);
    for (int at = 0; at < all.size(); at++) {
      TreeElement element = form.getMainInstance().resolveReference(all.get(at));
      for (int child = 0; child < element.getNumChildren(); child++) all.add(element.getChildAt(child).getRef());
    }
    return all;
  }

  /**
   * A question as it comes before a person's eyes, without two known faults of JavaRosa with choices:
   * it finds them anew only where a stored value changed, and not where an answer that they are chosen
   * by is no longer asked (<https://github.com/getodk/javarosa/pull/619>); and it blanks what is no
   * longer offered without running what reads that (<https://github.com/getodk/javarosa/issues/661>).
   */
  private FormEntryPrompt show(FormIndex index) throws ReflectiveOperationException {
    FormEntryPrompt prompt = model.getQuestionPrompt(index);
    ItemsetBinding choices = prompt.getQuestion().getDynamicChoices();
    if (choices == null) return prompt;
    Field kept = ItemsetBinding.class.getDeclaredField("cachedFilteredChoiceList");
    kept.setAccessible(true);
    kept.set(choices, null);
    TreeReference reference = index.getReference();
    TreeElement element = form.getMainInstance().resolveReference(reference);
    String before = written(element);
    prompt.getSelectChoices();
    String after = written(element);
    // Nothing chosen is no answer, as a person's leaving the page makes it.
    if (!after.equals(before)) form.setValue(after.isEmpty() ? null : element.getValue(), reference, false);
    return prompt;
  }

  private static String written(TreeElement element) {
    IAnswerData value = element.getValue();
    return value == null ? "" : value.uncast().getString();
  }

  private void answer(FormEntryPrompt prompt, String text) {
    if (prompt.isReadOnly()) return;
    try {
      controller.saveAnswer(prompt.getIndex(), data(prompt, text), false);
    } catch (NotOffered refused) {
      // As a person can't tap what isn't there.
    }
  }

  private static final class NotOffered extends Exception {}

  private IAnswerData data(FormEntryPrompt prompt, String text) throws NotOffered {
    int control = prompt.getControlType();
    boolean one = control == Constants.CONTROL_SELECT_ONE;
    boolean ranks = control == Constants.CONTROL_RANK;
    if (one || ranks || control == Constants.CONTROL_SELECT_MULTI) {
      List<Selection> chosen = new ArrayList<>();
      String[] words = one ? new String[] {text} : text.trim().split("\\s+");
      for (String word : words) {
        if (word.isEmpty()) continue;
        SelectChoice found = null;
        for (SelectChoice choice : prompt.getSelectChoices()) {
          if (choice.getValue().equals(word)) found = choice;
        }
        if (found == null) throw new NotOffered();
        chosen.add(found.selection());
      }
      if (chosen.isEmpty()) return null;
      return one ? new SelectOneData(chosen.get(0)) : ranks ? new MultipleItemsData(chosen) : new SelectMultiData(chosen);
    }
    if (text.isEmpty()) return null;
    IAnswerData template = AnswerDataFactory.templateByDataType(prompt.getDataType());
    try {
      return (template == null ? new StringData(text) : template).cast(new UncastData(text));
    } catch (IllegalArgumentException wrong) {
      throw new NotOffered();
    }
  }

  /** Goes through all that is asked, as a person who looks at each page, and notes what is read. */
  private void look() throws ReflectiveOperationException {
    controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
    for (int event; (event = controller.stepToNextEvent()) != FormEntryController.EVENT_END_OF_FORM; ) {
      FormIndex index = model.getFormIndex();
      if (event == FormEntryController.EVENT_REPEAT) inside(index.getReference()).forEach(form::triggerTriggerables);
      if (event != FormEntryController.EVENT_QUESTION) continue;
      FormEntryPrompt prompt = show(index);
      ObjectNode told = JSON.createObjectNode();
      told.put("label", trimmed(prompt.getLongText()));
      int control = prompt.getControlType();
      if (control == Constants.CONTROL_SELECT_ONE || control == Constants.CONTROL_SELECT_MULTI) {
        ArrayNode choices = told.putArray("choices");
        for (SelectChoice choice : prompt.getSelectChoices()) {
          choices.addObject().put("value", choice.getValue()).put("label", trimmed(prompt.getSelectChoiceText(choice)));
        }
      }
      shown.put(index.getReference().toString(true), told);
    }
  }

  private static String trimmed(String text) {
    return text == null ? "" : text.trim();
  }

  private ObjectNode state() {
    ObjectNode state = JSON.createObjectNode();
    TreeElement root = form.getMainInstance().getRoot();
    visit(root, "/" + root.getName(), true, state.putArray("nodes"), state.putArray("invalid"));
    return state;
  }

  private void visit(TreeElement element, String path, boolean above, ArrayNode nodes, ArrayNode invalid) {
    boolean relevant = above && element.isRelevant();
    ObjectNode told = nodes.addObject();
    told.put("path", path).put("relevant", relevant).put("readonly", !element.isEnabled()).put("required", element.isRequired());
    if (!element.hasChildren()) {
      IAnswerData value = element.getValue();
      told.put("value", written(element));
      ObjectNode asked = shown.get(element.getRef().toString(true));
      if (relevant && asked != null) {
        told.setAll(asked);
        String reason = null;
        if (value == null) {
          if (element.isRequired()) reason = "required";
        } else if (!form.evaluateConstraint(element.getRef(), value)) {
          reason = "constraint";
        }
        if (reason != null) invalid.addObject().put("path", path).put("reason", reason);
      }
    }
    for (int at = 0; at < element.getNumChildren(); at++) {
      TreeElement child = element.getChildAt(at);
      if (child.getMult() == TreeReference.INDEX_TEMPLATE) continue;
      String place = child.isRepeatable() ? "[" + (child.getMult() + 1) + "]" : "";
      visit(child, path + "/" + child.getName() + place, relevant, nodes, invalid);
    }
  }

  /** What is given for a node: by names through groups, by places through repeats. */
  private JsonNode at(JsonNode given, TreeReference reference) {
    JsonNode at = given;
    for (int level = 1; level < reference.size() && at != null; level++) {
      at = at.get(reference.getName(level));
      if (at != null && at.isArray()) at = at.get(Math.max(reference.getMultiplicity(level), 0));
    }
    return at;
  }

  private JsonNode at(JsonNode given, TreeReference parent, String name) {
    JsonNode at = at(given, parent);
    return at == null ? null : at.get(name);
  }

  /** Files beside the form, whatever kind they are asked for as. */
  private static final class Attached extends PrefixedRootFactory {
    private final Path folder;

    Attached(Path folder) {
      super(new String[] {"file/", "file-csv/", "images/", "audio/", "video/"});
      this.folder = folder;
    }

    @Override
    protected Reference factory(String terminal, String uri) {
      Path file = folder.resolve(terminal);
      return new Reference() {
        @Override public boolean doesBinaryExist() { return Files.exists(file); }
        @Override public InputStream getStream() throws java.io.IOException { return new FileInputStream(file.toFile()); }
        @Override public String getURI() { return uri; }
        @Override public String getLocalURI() { return file.toString(); }
        @Override public boolean isReadOnly() { return true; }
        @Override public OutputStream getOutputStream() { throw new UnsupportedOperationException(); }
        @Override public void remove() { throw new UnsupportedOperationException(); }
        @Override public Reference[] probeAlternativeReferences() { return new Reference[0]; }
      };
    }
  }
}
