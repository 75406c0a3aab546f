//! The reader of recipes, which lie beside recorded manifests.

use crate::fuzz::fuzz;
use crate::workflow::recipe::Recipe;

#[test]
fn recipes() {
    fuzz("recipe", Vec::new(), |bytes| {
        if let Ok(recipe) = Recipe::decode(bytes) {
            assert_eq!(Recipe::decode(&recipe.encode()), Ok(recipe));
        }
    });
}
