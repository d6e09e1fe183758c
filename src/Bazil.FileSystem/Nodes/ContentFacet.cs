using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Nodes;

/// <summary>Questions about facets of content.</summary>
internal static class ContentFacet
{
    /// <summary>Whether one of the values is stored as this very blob, under the same key epoch.</summary>
    public static bool Holds(this Facet<ContentValue> facet, in Manifest manifest)
    {
        foreach (FacetPair<ContentValue> pair in facet.Pairs)
        {
            if (pair.Value.Form == ContentForm.Blob && pair.Value.Manifest == manifest) return true;
        }

        return false;
    }
}
